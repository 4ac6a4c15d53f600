// Draws the features of the page with no ground map: nothing is asked of another server.
"use strict";
(async () => {
  const place = document.getElementById("map");
  const answer = await fetch(document.getElementById("geojson").href);
  const content = answer.ok ? await answer.json() : { features: [] };
  const features = (content.features || [content]).filter((one) => one.geometry);
  if (!window.L || !features.length) {
    place.hidden = true;
    return;
  }
  const map = L.map(place, { attributionControl: false, preferCanvas: true });
  const layer = L.geoJSON(features, {
    style: { color: "#1d3f72", weight: 1.5, fillOpacity: 0.25 },
    pointToLayer: (_one, spot) => L.circleMarker(spot, { radius: 5 }),
    onEachFeature: (one, drawn) => {
      const label = document.createElement("span");  // text, never HTML: a name may be hostile
      label.textContent = one.properties.nom || one.properties.intitule || one.id;
      drawn.bindTooltip(label);
    },
  }).addTo(map);
  map.fitBounds(layer.getBounds(), { maxZoom: 15, padding: [10, 10] });
})();
