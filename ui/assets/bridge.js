// Joins Streamlit to the page of the map. One map is a "channel": its state and its projects come
// from two components (the projects are sent once, the state at each change) and go to one iframe.

const WAIT = "Chargement de la carte…";
const FAILED =
  "La carte n'a pas pu être chargée. Rechargez la page ; si le message revient, un fichier du " +
  "dossier « static » manque sur le serveur. Les tableaux de la page restent exacts.";
const PATIENCE_MS = 20000;
const STYLE = `
  .atlas { position: relative; border: 1px solid #ddd7c9; border-radius: 4px; overflow: hidden;
    background: #f6f4ef; height: clamp(380px, 62vh, var(--atlas-height)); }
  .atlas iframe { border: 0; width: 100%; height: 100%; display: block; }
  .atlas p { position: absolute; inset: 0; margin: 0; padding: 2rem; display: flex;
    align-items: center; justify-content: center; text-align: center; background: #f6f4ef;
    color: #24282f; font: inherit; }
  .atlas p[hidden] { display: none; }`;

const channels = new Map();

export function mount({ data, parentElement, setTriggerValue }) {
  const channel = channels.get(data.channel) ?? {};
  channels.set(data.channel, channel);
  channel[data.kind] = data;
  if (data.kind === "state") {
    channel.click = (code) => setTriggerValue("quarter", code);
    channel.project = (id) => setTriggerValue("project", id);
    channel.point = (place) => setTriggerValue("point", place);
    if (channel.page !== data.page || channel.parent !== parentElement) house(channel, parentElement);
    channel.root.style.setProperty("--atlas-height", `${data.height}px`);
  }
  // A page left and found again brings its projects before its state: the old iframe is gone, and
  // the new one will ask for both when it is ready.
  if (channel.ready && channel.frame.contentWindow) send(channel, data.kind);
}

// Build the iframe and its message; whatever stood there for another page goes.
function house(channel, parent) {
  channel.root?.remove();
  clearTimeout(channel.timer);
  const root = document.createElement("div");
  const style = document.createElement("style");
  const frame = document.createElement("iframe");
  const notice = document.createElement("p");
  root.className = "atlas";
  style.textContent = STYLE;
  frame.title = "Carte des quartiers et des projets";
  frame.src = channel.state.page;
  notice.setAttribute("role", "status");
  notice.textContent = WAIT;
  root.append(style, frame, notice);
  parent.append(root);
  Object.assign(channel, { parent, root, frame, notice, page: channel.state.page, ready: false });
  channel.timer = setTimeout(() => fail(channel), PATIENCE_MS);
}

function send(channel, kind) {
  if (channel[kind]) channel.frame.contentWindow.postMessage(channel[kind], location.origin);
}

function fail(channel) {
  clearTimeout(channel.timer);
  channel.notice.textContent = FAILED;
  channel.notice.setAttribute("role", "alert");
  channel.notice.hidden = false;
}

const answers = {
  ready(channel) {
    channel.ready = true;
    send(channel, "projects");
    send(channel, "sizes");
    send(channel, "state");
  },
  drawn(channel) {
    clearTimeout(channel.timer);
    channel.notice.hidden = true;
  },
  failed: fail,
  click(channel, { quarter }) {
    channel.click(quarter);
  },
  project(channel, { id }) {
    channel.project(id);
  },
  point(channel, { place }) {
    channel.point(place);
  },
};

addEventListener("message", (event) => {
  if (event.origin !== location.origin) return;
  for (const channel of channels.values()) {
    if (channel.frame?.contentWindow === event.source) {
      if (Object.hasOwn(answers, event.data.atlas)) answers[event.data.atlas](channel, event.data);
    }
  }
});
