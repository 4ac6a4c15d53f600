"""Measure the national map: what the server builds, and 40 users who change the indicator.

1 600 synthetic quarters and 5 000 invented projects. (a) The message of a change against the same
folium map rebuilt and rendered; the project points against as many ``folium.Marker``: time of the
server alone. (b) 40 clients on loopback speak Streamlit's own messages over websockets, each with
its session, and change the indicator at its own pace: seconds of each change, bytes, memory of the
server; on the national map, then on the whole page Carte of the atlas.
Usage: ``PYTHONPATH=. python bench/national.py [users] [seconds]`` (40 and 60 by default).
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import folium
import pandas as pd
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection
from websockets.typing import Origin, Subprotocol

from bench.apps import folium_map
from bench.map_restyle import ATLAS, LARGE, ROOT, SMALL, server_memory_mb, serving
from reports import map_content
from tests import app_map
from ui import maps

COLOUR = "Couleur des quartiers"  # the box of indicators of the page Carte
PACE_S = 4.0  # mean pause of a user between two changes
ROUNDS = 5


def best(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median seconds of an act, after one run that fills caches."""
    act()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        found.append(time.perf_counter() - start)
    return median(found)


def message(base: maps.MapBase, layer: map_content.ProjectLayer, sizes: str, shift: int) -> dict:
    codes = app_map.classes(len(base.quarter_codes), shift)
    look = map_content.MapState(codes, app_map.labels(codes), app_map.BLUES, sizes=sizes)
    return maps.state_data(base, look, layer)


def changed(name: str, env: dict[str, str]) -> dict[str, float]:
    """Return the server's seconds for a change, the atlas's and folium's, at one size."""
    os.environ.update(env)
    folium_map.content.clear()  # it reads its size from the environment
    quarters = app_map.quarters(int(env["ATLAS_MAP_QUARTERS"]), "")
    number = int(env["ATLAS_MAP_POINTS"])
    base = maps.MapBase("/p", "/b", tuple(quarters["qpv_code"]), "x")
    layer = map_content.project_layer(app_map.points(quarters, number, ""))
    sizes = map_content.circle_codes(app_map.cents(number), [True] * number, 4_000_000)
    rounds = 1 if number > 1000 else ROUNDS
    return {
        f"atlas, change, {name}": best(lambda: message(base, layer, sizes, 3), 15),
        f"folium, rebuilt, {name}": best(lambda: folium_map.page("rebuild", 3), rounds),
    }


def built() -> dict[str, float]:
    """Return the seconds of the server for each thing built, national and of 16 quarters."""
    found = changed("16 / 450", SMALL) | changed("1 600 / 5 000", LARGE)
    rows = app_map.points(app_map.quarters(1600, ""), 5000, "")
    found["atlas, 5 000 points"] = best(lambda: map_content.project_layer(rows))
    found["folium.Marker, 5 000, built"] = best(lambda: markers(rows), 1)
    found["folium.Marker, 5 000, rendered"] = best(lambda: markers(rows).get_root().render(), 1)
    return found


def markers(rows: pd.DataFrame) -> folium.Map:
    chart = folium.Map(location=(50.48, 2.6), tiles=None)
    names = ["lat", "lon", "title", "operator", "amount_label"]
    for lat, lon, *words in rows[names].to_numpy(dtype=object).tolist():
        folium.Marker((lat, lon), tooltip=", ".join(words)).add_to(chart)
    return chart


@dataclass
class User:
    """A session: its box of indicators, and the messages it keeps, as a browser does.

    ``options`` are the texts of the box; none where it is a number from 0 to 9.
    """

    widget: str = ""
    options: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    change_s: list[float] = field(default_factory=list)
    change_bytes: list[int] = field(default_factory=list)

    def see(self, element: Element) -> None:
        """Find the box of indicators in what the page draws."""
        if element.HasField("number_input"):
            self.widget = element.number_input.id
        elif element.HasField("selectbox") and element.selectbox.label == COLOUR:
            self.widget, self.options = element.selectbox.id, list(element.selectbox.options)

    def choice(self, dice: random.Random) -> WidgetState:
        """Choose an indicator."""
        if self.options:
            return WidgetState(id=self.widget, string_value=dice.choice(self.options))
        return WidgetState(id=self.widget, int_value=dice.randrange(10))


async def run(socket: ClientConnection, user: User, value: WidgetState | None) -> int:
    """Ask for a run, wait for its end, and return the bytes of both directions."""
    back = BackMsg()
    back.rerun_script.query_string = ""
    back.rerun_script.cached_message_hashes.extend(user.kept)
    if value is not None:
        back.rerun_script.widget_states.widgets.append(value)
    sent = back.SerializeToString()
    await socket.send(sent)
    total = len(sent)
    while True:
        data = await socket.recv()
        total += len(data)
        told = ForwardMsg.FromString(data)
        if told.metadata.cacheable and told.hash:
            user.kept.append(told.hash)
        user.see(told.delta.new_element)
        if told.HasField("script_finished"):
            return total


async def visit(url: str, until: float, user: User, dice: random.Random) -> None:
    address = url.replace("http", "ws") + "/_stcore/stream"
    await asyncio.sleep(dice.random() * PACE_S)
    async with websockets.connect(
        address, subprotocols=[Subprotocol("streamlit")], max_size=None, origin=Origin(url)
    ) as socket:
        await run(socket, user, None)
        while time.monotonic() < until:
            await asyncio.sleep(dice.expovariate(1 / PACE_S))
            start = time.perf_counter()
            user.change_bytes.append(await run(socket, user, user.choice(dice)))
            user.change_s.append(time.perf_counter() - start)


async def crowd(url: str, pid: int, users: int, seconds: float) -> tuple[list[User], float]:
    """Let the users work for some seconds; return them and the most memory of the server (MB)."""
    everyone = [User() for _ in range(users)]
    await visit(url, 0.0, User(), random.Random(-1))  # publishes the layers, fills the caches
    until = time.monotonic() + seconds
    work = asyncio.gather(
        *(visit(url, until, user, random.Random(n)) for n, user in enumerate(everyone))
    )
    most = 0.0
    while not work.done():
        most = max(most, server_memory_mb(pid))
        await asyncio.sleep(0.5)
    await work
    return everyone, most


def told(name: str, script: Path, env: dict[str, str], users: int, seconds: float) -> None:
    """Let users work on a page and print what it took."""
    with serving(script, env) as (url, pid):
        everyone, most = asyncio.run(crowd(url, pid, users, seconds))
    times = [one for user in everyone for one in user.change_s]
    volume = [one for user in everyone for one in user.change_bytes[1:]]
    print(
        f"{name}: {users} users, {len(times)} changes: median {median(times):.2f} s, p95 "
        f"{quantiles(times, n=20)[-1]:.2f} s, most {max(times):.2f} s, {median(volume):.0f} bytes "
        f"(most {max(volume)}), {most:.0f} MB"
    )


def main() -> None:
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    print("load", os.getloadavg())
    found = built()
    for name, value in found.items():
        print(f"{name:36}{value * 1000:12.2f} ms")
    for name in ("16 / 450", "1 600 / 5 000"):
        ratio = found[f"folium, rebuilt, {name}"] / found[f"atlas, change, {name}"]
        print(f"folium rebuilt / atlas, {name}: {ratio:.0f}")
    for name in ("built", "rendered"):
        ratio = found[f"folium.Marker, 5 000, {name}"] / found["atlas, 5 000 points"]
        print(f"folium.Marker, 5 000, {name} / atlas: {ratio:.0f}")
    told("national map", Path(ATLAS), LARGE, users, seconds)
    told("page Carte, 16 quarters", ROOT / "app.py", {}, users, seconds)
    print("load", os.getloadavg())


if __name__ == "__main__":
    main()
