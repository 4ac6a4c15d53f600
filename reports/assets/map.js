// Draws the quarters and the projects with Leaflet, and redresses them in place when the
// interface sends another state. Every text enters the page by textContent, never as HTML.

window.atlas = (function () {
  "use strict";

  const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const INK = "#24282f";
  const ACCENT = "#1d4f91";
  const HIDDEN = "-";
  const NO_AMOUNT = ".";
  const TINY_PX = 9; // a quarter smaller than this on screen is shown by a dot
  const LETTER_PX = 8; // radius from which a circle carries the letter of its theme
  const NAME_PX = 150; // widest name before it takes another line (see map.css)
  const LETTERS_FROM = 13; // zoom under which letters would only clutter
  const CLUSTERED_BELOW = 15; // zoom from which every project stands alone
  const LISTED = 8; // projects named in one popup
  const WORDS = { s: "secret statistique", a: "n.d.", x: "non comparable" };
  const FILLS = {
    s: { fillColor: "url(#atlas-secret)", color: INK },
    x: { fillColor: "url(#atlas-hatch)", color: INK },
    a: { fillColor: "#ffffff", color: "#80858d" },
  };
  // The same marks as the patterns above, for a legend made of plain boxes.
  const SWATCHES = {
    "url(#atlas-secret)": "radial-gradient(#3d434d 22%, #ece8df 26%) 0 0 / 5px 5px",
    "url(#atlas-hatch)": "repeating-linear-gradient(45deg, #ece8df 0 3px, #6a707a 3px 4.5px)",
  };
  const IGN =
    "https://data.geopf.fr/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&STYLE=normal" +
    "&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2&FORMAT=image/png&TILEMATRIXSET=PM" +
    "&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}";
  const PANES = { bands: 350, lived: 360, selection: 410, communes: 420, projects: 450, letters: 460, names: 470 };
  const MUTE_PANES = ["bands", "selection", "communes", "letters", "names"];

  const LIVED = { color: "#7b2d8b", weight: 2, dashArray: "2 5", fillColor: "#7b2d8b", fillOpacity: 0.14 };
  const CLOSEST = 15; // zoom to which a chosen quarter is brought at most
  const SMALL_PX = 90; // a chosen quarter smaller than this on screen is brought nearer

  const root = document.documentElement;
  const pen = document.createElement("canvas").getContext("2d");
  let map, source, quarters, communes, shapes, dots, plain;
  let selection, names, bands, lived, legend, circles, letters, clusters, mark;
  let dotZoom = 0;
  let fitted = false;
  let clicked = null; // the last quarter chosen here: its user sees it already
  let turn = 0;
  let restyles = 0;
  let state = null; // the last state received
  let drawn = {}; // what of it is on screen
  let projects = { digest: "", rows: [] };
  let circleCodes = { digest: "", codes: "", look: { theme_colours: [], theme_letters: [] } }; // one a project: see circle_codes

  let embedded = null; // the content of a page that stands alone: nobody to talk to, no network

  function tell(message) {
    if (!embedded) parent.postMessage(message, location.origin);
  }

  function node(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
  }

  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  // ---- start ------------------------------------------------------------------------------

  // ``content``, in a page that stands alone: its layers by name, its ``state``, its ``projects``.
  function start(leafletMap, files, content = null) {
    map = leafletMap;
    source = files;
    embedded = content;
    addPatterns();
    for (const [name, zIndex] of Object.entries(PANES)) {
      const pane = map.createPane(name);
      pane.style.zIndex = zIndex;
      if (MUTE_PANES.includes(name)) pane.style.pointerEvents = "none";
    }
    addControls();
    if (embedded) {
      build(embedded.layers.quarters);
      receiveProjects(embedded.projects)
        .then(() => receiveSizes(embedded.sizes))
        .then(() => receiveState(embedded.state));
      return;
    }
    addEventListener("message", hear);
    load(source.quarters).then(build).catch(() => tell({ atlas: "failed" }));
  }

  async function load(file) {
    if (embedded) return embedded.layers[file];
    const answer = await fetch(file);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  function addPatterns() {
    const holder = node("div");
    holder.innerHTML = // a constant: no outside text
      '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>' +
      '<pattern id="atlas-secret" width="6" height="6" patternUnits="userSpaceOnUse">' +
      '<rect width="6" height="6" fill="#ece8df"/><circle cx="3" cy="3" r="1.3" fill="#3d434d"/>' +
      '</pattern><pattern id="atlas-hatch" width="6" height="6" patternUnits="userSpaceOnUse" ' +
      'patternTransform="rotate(45)"><rect width="6" height="6" fill="#ece8df"/>' +
      '<rect width="1.6" height="6" fill="#6a707a"/></pattern></defs></svg>';
    document.body.append(holder.firstChild);
  }

  function build(file) {
    quarters = file.quarters.features.map(quarter);
    communes = file.communes.map(([text, lon, lat]) => {
      const at = L.latLng(lat, lon);
      return { at, marker: label("atlas-commune", "communes", at, text, false) };
    });
    shapes = L.featureGroup(quarters.map((q) => q.shape));
    dots = L.featureGroup(quarters.map((q) => q.dot));
    for (const group of [shapes, dots]) {
      group.on("click", (event) => state?.asking || choose(event.layer));
      group.bindTooltip(quarterCard, { sticky: true, className: "atlas-card", opacity: 1 });
    }
    selection = L.featureGroup().addTo(map);
    names = L.layerGroup().addTo(map);
    circles = L.featureGroup().addTo(map);
    letters = L.layerGroup().addTo(map);
    clusters = L.markerClusterGroup({
      iconCreateFunction: clusterIcon, showCoverageOnHover: false, maxClusterRadius: 56,
      disableClusteringAtZoom: CLUSTERED_BELOW, animate: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      spiderLegPolylineOptions: { color: INK, weight: 1, opacity: 0.6 }, clusterPane: "projects",
    });
    for (const group of [circles, clusters]) {
      group.bindTooltip((layer) => projectCard(layer.atlas), { className: "atlas-card", opacity: 1 });
      group.bindPopup(neighbours, {
        className: "atlas-popup", maxWidth: 320, minWidth: 240, autoPanPaddingTopLeft: [60, 10],
      });
      group.on("popupopen", ({ popup }) => {
        group.closeTooltip();
        closeInFrench(popup);
      });
    }
    map.on("click", ask);
    map.on("resize", () => fitted || fit());
    map.on("moveend", () => {
      placeNames();
      placeLetters();
    });
    map.on("zoomend", chooseShapes);
    fit();
    tell({ atlas: "ready" });
  }

  function closeInFrench(popup) {
    const cross = popup.getElement().querySelector(".leaflet-popup-close-button");
    cross.title = "Fermer";
    cross.setAttribute("aria-label", "Fermer");
  }

  function quarter(feature) {
    const { code, name, communes: places, npnru, lon, lat } = feature.properties;
    const shape = L.geoJSON(feature, { style: { weight: 1, fillOpacity: 0.85 } }).getLayers()[0];
    const dot = L.circleMarker([lat, lon], { radius: 6, weight: 1, fillOpacity: 0.95 });
    const made = { code, name, places, npnru, shape, dot, at: L.latLng(lat, lon) };
    made.bounds = shape.getBounds();
    for (const layer of [shape, dot]) {
      layer.atlas = made;
      layer.on("add", () => dress(made, layer, true));
    }
    return made;
  }

  function fit() {
    const size = map.getSize();
    if (!size.x || !size.y || !quarters.length) return;
    const bounds = L.latLngBounds();
    for (const q of quarters) bounds.extend(q.bounds);
    map.fitBounds(bounds, { padding: [28, 28], animate: fitted });
    if (!fitted) dotZoom = zoomOfDots();
    fitted = true;
    chooseShapes();
  }

  // Zoom below which the median quarter is smaller than TINY_PX.
  function zoomOfDots() {
    const sizes = quarters.map(({ bounds }) => {
      const corner = map.project(bounds.getNorthEast(), 0);
      return corner.distanceTo(map.project(bounds.getSouthWest(), 0));
    });
    sizes.sort((a, b) => a - b);
    return Math.log2(TINY_PX / sizes[sizes.length >> 1]);
  }

  function chooseShapes() {
    const small = map.getZoom() < dotZoom;
    map.removeLayer(small ? shapes : dots);
    map.addLayer(small ? dots : shapes);
    drawSelection();
  }

  // ---- controls ---------------------------------------------------------------------------

  function addControls() {
    map.attributionControl.setPrefix(false);
    L.control.zoom({ zoomInTitle: "Zoomer", zoomOutTitle: "Dézoomer" }).addTo(map);
    const home = L.control({ position: "topleft" });
    home.onAdd = () => {
      const bar = node("div", "leaflet-bar");
      const button = node("a", "atlas-home", "⤢");
      Object.assign(button, { href: "#", title: "Voir tous les quartiers" });
      button.setAttribute("role", "button");
      button.setAttribute("aria-label", "Voir tous les quartiers");
      L.DomEvent.disableClickPropagation(bar);
      L.DomEvent.on(button, "click", (event) => {
        L.DomEvent.stop(event);
        fit();
      });
      bar.append(button);
      return bar;
    };
    home.addTo(map);
    L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
    if (embedded) return;
    plain = L.layerGroup().addTo(map);
    const ign = L.tileLayer(IGN, { maxZoom: 18, attribution: "© IGN – Géoplateforme" });
    const chooser = L.control.layers({ "Fond uni": plain, "Plan IGN (internet)": ign }).addTo(map);
    const toggle = chooser.getContainer().querySelector("a");
    toggle.title = "Fond de carte";
    toggle.setAttribute("aria-label", "Fond de carte");
    watchTiles(ign);
  }

  // Say that the base map does not answer, and go back to the plain ground.
  function watchTiles(tiles) {
    let answered = false;
    tiles.on("tileload", () => (answered = true));
    tiles.on("tileerror", () => {
      if (answered || !map.hasLayer(tiles)) return;
      map.removeLayer(tiles).addLayer(plain);
      const notice = L.control({ position: "bottomright" });
      notice.onAdd = () => {
        const text = "Le plan IGN ne répond pas : vérifiez l'accès à internet. Fond uni rétabli.";
        const box = node("div", "atlas-warning", text);
        box.setAttribute("role", "status");
        return box;
      };
      notice.addTo(map);
      setTimeout(() => notice.remove(), 8000);
    });
  }

  // ---- messages ---------------------------------------------------------------------------

  async function hear(event) {
    if (event.source !== parent || event.origin !== location.origin) return;
    const { data } = event;
    try {
      if (data.kind === "projects") await receiveProjects(data);
      if (data.kind === "sizes") await receiveSizes(data);
      if (data.kind === "state") await receiveState(data);
    } catch (error) {
      console.error(error);
      tell({ atlas: "failed" });
    }
  }

  async function receiveProjects(data) {
    const rows = data.rows ?? (await unpack(data.packed));
    projects = { digest: data.digest, rows: rows.map(project) };
    drawn.sizes = null;
    if (state) drawProjects();
  }

  async function receiveSizes(data) {
    const codes = data.codes ?? (await unpack(data.packed));
    const look = { theme_colours: data.theme_colours, theme_letters: data.theme_letters };
    circleCodes = { digest: data.digest, codes, look };
    if (!state) return;
    Object.assign(state, look);
    drawProjects();
  }

  async function receiveState(data) {
    const mine = ++turn;
    const codes = data.packed ? await unpack(data.packed) : {};
    if (mine !== turn) return; // a later state came while this one was unpacked
    state = { ...data, ...codes, ...circleCodes.look };
    drawQuarters();
    drawSelection();
    bands = overlay(bands, state.bands, source.bands, drawnBands);
    lived = overlay(lived, state.lived, source.lived, drawnLived);
    drawLegend();
    drawProjects();
    drawPoint();
    const named = [state.selected, state.communes, state.classes.replace(/[^-]/g, "+")].join();
    if (drawn.named !== named) placeNames(); // a change of colours moves no name
    drawn.named = named;
    root.dataset.drawn = String(++restyles);
    tell({ atlas: "drawn" });
  }

  // ---- quarters ---------------------------------------------------------------------------

  function drawQuarters() {
    quarters.forEach((q, index) => {
      q.value = state.labels[index];
      q.mark = state.classes[index];
      const fill = FILLS[q.mark] ?? { fillColor: state.colours[+q.mark], color: INK };
      const changed = q.style?.fillColor !== fill.fillColor || q.style?.color !== fill.color;
      q.style = fill;
      for (const layer of [q.shape, q.dot]) {
        if (changed && q.mark !== HIDDEN) recolour(layer, fill);
        dress(q, layer, false);
      }
    });
  }

  // Two attributes of a path: Leaflet's setStyle writes a dozen, for each of 1 600 quarters.
  function recolour(layer, fill) {
    L.setOptions(layer, fill);
    const path = layer.getElement();
    path?.setAttribute("fill", fill.fillColor);
    path?.setAttribute("stroke", fill.color);
  }

  // What Leaflet does not carry: visibility, name and state for the keyboard and for readers.
  function dress(q, layer, added) {
    const path = layer.getElement();
    if (!path || !(added || path.isConnected)) return; // off the map: dressed when it comes back
    const shown = q.mark === HIDDEN ? "none" : "";
    const pressed = String(state?.selected === q.code);
    if (path.style.display !== shown) path.style.display = shown;
    path.setAttribute("aria-label", [q.name, valueOf(q)].filter(Boolean).join(", "));
    if (path.getAttribute("aria-pressed") !== pressed) path.setAttribute("aria-pressed", pressed);
    if (!added) return;
    path.setAttribute("tabindex", "0");
    path.setAttribute("role", "button");
    path.dataset.quarter = q.code;
    if (path.atlasKeys) return;
    path.atlasKeys = true; // Leaflet keeps one element a layer only while it is on the map
    path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(layer);
    });
    path.addEventListener("focus", () => path.matches(":focus-visible") && layer.openTooltip(q.at));
    path.addEventListener("blur", () => layer.closeTooltip());
  }

  const valueOf = (q) => q.value || WORDS[q.mark] || "";

  function choose(layer) {
    clicked = layer.atlas.code;
    tell({ atlas: "click", quarter: layer.atlas.code });
    if (!embedded) return;
    state.selected = layer.atlas.code;
    drawSelection();
    const popup = L.popup({ className: "atlas-popup", maxWidth: 320 });
    popup.setLatLng(layer.atlas.at).setContent(quarterCard(layer)).openOn(map);
    closeInFrench(popup);
  }

  function quarterCard(layer) {
    const q = layer.atlas;
    const card = node("div");
    card.append(node("p", "title", q.name));
    card.append(node("p", "soft", q.npnru ? `${q.places} · site NPNRU` : q.places));
    if (state?.note && valueOf(q)) {
      card.append(node("p", "value", valueOf(q)));
      for (const line of state.note.split("\n")) card.append(node("p", "soft", line));
    }
    return card;
  }

  function drawSelection() {
    selection.clearLayers();
    const q = quarters.find(({ code }) => code === state?.selected);
    if (!q) drawn.selected = clicked = null;
    if (!q || q.mark === HIDDEN) return;
    const base = { fill: false, interactive: false, pane: "selection", renderer: paneRenderer() };
    for (const line of [{ color: "#fff", weight: 8 }, { color: ACCENT, weight: 3 }]) {
      const style = { ...base, ...line };
      selection.addLayer(
        map.hasLayer(dots)
          ? L.circleMarker(q.at, { ...style, radius: 8 })
          : L.geoJSON(q.shape.toGeoJSON(), { ...style, style }),
      );
    }
    if (drawn.selected !== q.code && fitted) {
      drawn.selected = q.code;
      if (clicked !== q.code) bring(q);
    }
  }

  // A quarter chosen elsewhere than on the map: brought into view, whole and large enough to be
  // seen. One that is already so leaves the user's view alone.
  function bring(q) {
    const size = map.latLngToLayerPoint(q.bounds.getSouthEast())
      .distanceTo(map.latLngToLayerPoint(q.bounds.getNorthWest()));
    if (map.getBounds().contains(q.bounds) && size >= SMALL_PX) return;
    map.fitBounds(q.bounds, { padding: [60, 60], maxZoom: CLOSEST, animate: false });
  }

  let selectionRenderer;
  function paneRenderer() {
    return (selectionRenderer ??= L.svg({ pane: "selection" }));
  }

  // An open layer of its own file, fetched when it is first shown.
  function overlay(layer, shown, file, make) {
    if (!shown || !file) {
      layer?.remove();
      return layer;
    }
    if (layer) return layer.addTo(map);
    const made = make().addTo(map);
    load(file)
      .then((collection) => made.addData(collection))
      .catch(() => tell({ atlas: "failed" }));
    return made;
  }

  function drawnBands() {
    const style = { color: ACCENT, weight: 1, dashArray: "5 4", fillOpacity: 0.06 };
    return L.geoJSON(null, { style, interactive: false, pane: "bands" });
  }

  function drawnLived() {
    const layer = L.geoJSON(null, { style: LIVED, pane: "lived" });
    layer.bindTooltip(({ feature }) => {
      const card = node("div");
      card.append(node("p", "title", feature.properties.label));
      card.append(node("p", "soft", `Quartier vécu de ${feature.properties.quarter}`));
      return card;
    }, { sticky: true, className: "atlas-card", opacity: 1 });
    return layer;
  }

  // ---- legend -----------------------------------------------------------------------------

  function drawLegend() {
    const lines = state.key.map(([mark, words]) => [FILLS[mark] ?? { fillColor: state.colours[+mark] }, words]);
    if (state.bands) lines.push([{ fillColor: "#e9eef5", border: `1px dashed ${ACCENT}` }, "à 300 m, ou 500 m d'un site NPNRU"]);
    if (state.lived) lines.push([{ fillColor: "#eadcee", border: `2px dotted ${LIVED.color}` }, "lieu de vie (quartier vécu)"]);
    const said = JSON.stringify([state.note, lines]);
    if (drawn.legend === said) return;
    drawn.legend = said;
    const open = legend ? legend.getContainer().firstChild.open : map.getSize().x > 560;
    legend?.remove();
    legend = null;
    if (!lines.length) return;
    legend = L.control({ position: "bottomright" });
    legend.onAdd = () => legendBox(lines, open);
    legend.addTo(map);
  }

  function legendBox(lines, open) {
    const box = node("div", "atlas-legend");
    const details = node("details");
    details.open = open;
    details.append(node("summary", "", state.key.length ? state.note.split("\n")[0] : "Légende"));
    for (const [look, words] of lines) {
      const line = node("p");
      const swatch = node("i");
      swatch.style.background = SWATCHES[look.fillColor] ?? look.fillColor;
      if (look.border) swatch.style.border = look.border;
      line.append(swatch, words);
      details.append(line);
    }
    box.append(details);
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    return box;
  }

  // ---- a place pointed at -----------------------------------------------------------------

  // One step of the mouse covers more ground from afar: the answer must know it.
  function ask({ latlng, containerPoint }) {
    if (!state?.asking) return;
    const beside = map.containerPointToLatLng(containerPoint.add([1, 0]));
    const { lng, lat } = latlng.wrap();
    tell({ atlas: "point", place: [lng, lat, map.distance(latlng, beside)] });
  }

  function drawPoint() {
    map.getContainer().style.cursor = state.asking ? "crosshair" : "";
    const place = state.point && L.latLng(state.point[1], state.point[0]);
    if (mark && place?.equals(mark.getLatLng())) return;
    mark?.remove();
    mark = null;
    if (!place) return;
    const icon = L.divIcon({ html: node("div"), className: "atlas-point", iconSize: null });
    mark = L.marker(place, { icon, pane: "names", interactive: false, keyboard: false }).addTo(map);
    if (state.near) map.setView(place, Math.max(map.getZoom(), state.near), { animate: false });
    else if (!map.getBounds().contains(place)) map.panTo(place);
  }

  // ---- projects ---------------------------------------------------------------------------

  function project([id, lon, lat, theme, undecided, title, operator, themeLabel, amount]) {
    const made = { id, theme, undecided, title, operator, themeLabel, amount, spot: `${lon} ${lat}` };
    made.layer = L.circleMarker([lat, lon], { pane: "projects" });
    made.layer.atlas = made;
    // A tooltip would let the Tab key stop at each: the list of projects stands for them.
    made.layer.on("add", () => made.layer.getElement()?.setAttribute("tabindex", "-1"));
    return made;
  }

  function drawProjects() {
    const matching = state.projects === projects.digest && state.sizes === circleCodes.digest;
    const sizes = matching ? circleCodes.codes : "";
    const look = [state.clusters, ...state.theme_colours].join();
    root.dataset.projects = matching ? projects.digest : "";
    if (drawn.sizes === sizes && drawn.look === look) return;
    Object.assign(drawn, { sizes, look });
    circles.clearLayers();
    clusters.clearLayers();
    map.removeLayer(clusters);
    const shown = projects.rows.filter((one, index) => {
      one.code = sizes[index] ?? HIDDEN;
      one.radius = DIGITS.indexOf(one.code) / 2;
      return one.code !== HIDDEN;
    });
    shown.sort((a, b) => b.radius - a.radius); // small circles over large ones
    for (const one of shown) paint(one);
    if (state.clusters) {
      clusters.addLayers(shown.map((one) => one.layer));
      map.addLayer(clusters);
    } else {
      for (const one of shown) circles.addLayer(one.layer);
    }
    placeLetters();
  }

  // The letter of the theme, so that colour is never alone: on the larger circles in view.
  function placeLetters() {
    letters.clearLayers();
    if (!state || map.getZoom() < (state.clusters ? CLUSTERED_BELOW : LETTERS_FROM)) return;
    const view = map.getBounds();
    for (const one of projects.rows) {
      if (one.radius < LETTER_PX || !view.contains(one.layer.getLatLng())) continue;
      one.letter ??= letter(one);
      letters.addLayer(one.letter);
    }
  }

  // The edge is seen on any ground. Decided: full disc. Undecided: hollow, dashed. No known amount: small ring.
  function paint(one) {
    const colour = state.theme_colours[one.theme] ?? INK;
    const hollow = one.undecided || one.code === NO_AMOUNT;
    one.layer.setRadius(Math.max(one.radius, 2.5));
    one.layer.setStyle({
      color: INK,
      weight: hollow ? 1.5 : 1,
      dashArray: one.undecided ? "3 3" : null,
      fillColor: colour,
      fillOpacity: hollow ? 0.2 : 0.85,
    });
  }

  function letter(one) {
    const box = node("div", "", state.theme_letters[one.theme]);
    const icon = L.divIcon({ html: box, className: "atlas-letter", iconSize: null });
    return L.marker(one.layer.getLatLng(), { icon, pane: "letters", interactive: false, keyboard: false });
  }

  function clusterIcon(cluster) {
    const count = cluster.getChildCount();
    const side = Math.min(22 + 1.8 * Math.sqrt(count), 56);
    const face = node("div", "atlas-cluster", count.toLocaleString("fr-FR"));
    face.style.width = face.style.height = `${side}px`;
    face.title = `${count.toLocaleString("fr-FR")} projets : cliquez pour zoomer`;
    face.setAttribute("aria-label", face.title);
    return L.divIcon({ html: face, className: "", iconSize: [side, side] });
  }

  function projectCard(one) {
    const card = node("div", "item");
    card.append(node("p", "title", one.title), node("p", "soft", one.operator));
    card.append(node("p", "soft", one.themeLabel), node("p", "value", one.amount));
    card.append(node("p", "soft", one.undecided ? "Position à confirmer" : "Position indicative"));
    return card;
  }

  // A click names every visible project of the same spot: circles there hide one another.
  function neighbours(layer) {
    const box = node("div");
    const same = projects.rows.filter((one) => one.spot === layer.atlas.spot && one.code !== HIDDEN);
    if (same.length > 1) box.append(node("p", "soft", `${same.length} projets à cet endroit`));
    for (const one of same.slice(0, LISTED)) {
      const card = projectCard(one);
      if (state.openable) card.append(opener(one));
      box.append(card);
    }
    if (same.length > LISTED) {
      box.append(node("p", "soft item", `… et ${same.length - LISTED} autres, dans le tableau.`));
    }
    return box;
  }

  function opener(one) {
    const button = node("button", "atlas-open", "Voir ce projet");
    button.type = "button";
    button.addEventListener("click", () => {
      map.closePopup();
      tell({ atlas: "project", id: one.id });
    });
    return button;
  }

  // ---- names ------------------------------------------------------------------------------

  function label(className, pane, at, text, npnru) {
    const box = node("div", "", text);
    if (npnru) box.append(...(text ? [node("br")] : []), node("span", "atlas-npnru", "NPNRU"));
    const icon = L.divIcon({ html: box, className, iconSize: null });
    const marker = L.marker(at, { icon, pane, interactive: false, keyboard: false });
    pen.font = className === "atlas-name" ? "600 13px sans-serif" : "12px sans-serif";
    const width = pen.measureText(text).width;
    const lines = className === "atlas-name" ? Math.ceil(width / (NAME_PX * 0.9)) : 1;
    marker.atlasBox = {
      width: Math.min(Math.max(width, npnru ? 46 : 0), NAME_PX) + 8,
      height: 16 * (lines + (npnru ? 1 : 0)),
    };
    return marker;
  }

  // Names that fit without touching one another: selected quarter, NPNRU sites, the others by
  // size, then the communes.
  function placeNames() {
    if (!state || !fitted) return;
    names.clearLayers();
    const view = map.getPixelBounds();
    const corner = view.min; // the buttons stand there
    const taken = [L.bounds(corner, corner.add([50, 125]))];
    const box = legend?.getContainer();
    if (box) {
      const at = view.min.add([box.offsetLeft, box.offsetTop + box.parentElement.offsetTop]);
      const left = view.max.x - box.offsetWidth - 10;
      taken.push(L.bounds([left, at.y], [view.max.x, at.y + box.offsetHeight]));
    }
    const weight = (q) => (q.code === state.selected ? 4 : 0) + (q.npnru ? 2 : 0);
    const extent = (q) => q.bounds.getNorth() - q.bounds.getSouth();
    const order = quarters
      .filter((q) => q.mark !== HIDDEN && view.contains(map.project(q.at)))
      .sort((a, b) => weight(b) - weight(a) || extent(b) - extent(a));
    for (const q of order) placeQuarter(q, taken);
    if (!state.communes) return;
    for (const { at, marker } of communes) {
      place(marker, map.project(at).subtract([0, 7]), taken, view);
    }
  }

  // Under the quarter, so that its colour stays visible; inside when there is ample room.
  function placeQuarter(q, taken) {
    const low = map.project(q.bounds.getSouthWest());
    const high = map.project(q.bounds.getNorthEast());
    q.full ??= label("atlas-name", "names", q.at, q.name, q.npnru);
    const { width, height } = q.full.atlasBox;
    const roomy = high.x - low.x > 2 * width && low.y - high.y > 4 * height;
    const centre = map.project(q.at);
    const spot = roomy ? centre.subtract([0, height / 2]) : L.point((low.x + high.x) / 2, low.y + 2);
    if (place(q.full, spot, taken) || !q.npnru) return;
    q.badge ??= label("atlas-name", "names", q.at, "", true);
    place(q.badge, spot, taken);
  }

  function place(marker, top, taken, view) {
    const { width, height } = marker.atlasBox;
    const half = L.point(width / 2, 0);
    const box = L.bounds(top.subtract(half), top.add(half).add([0, height]));
    if (view && !view.contains(box)) return false;
    if (taken.some((other) => other.overlaps(box))) return false;
    taken.push(box);
    marker.setLatLng(map.unproject(marker.options.pane === "communes" ? top.add([0, 7]) : top));
    names.addLayer(marker);
    return true;
  }

  return { start };
})();
