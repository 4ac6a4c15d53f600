// What a reader would miss in the pages that Streamlit writes, and that it has no setting for.
// Its English: language of the document, names of buttons (read aloud, never written), a few texts;
// a name that starts with an English word goes on with a label of ours, which is left as it is.
// The menu of a telephone, a list whose sections are no items. Tables that scroll: the keyboard
// must reach them, but only where they do.
(() => {
  const NAMES = {
    "Sidebar": "Filtres",
    "App pages": "Pages",
    "Collapse sidebar": "Fermer les filtres",
    "Expand sidebar": "Ouvrir les filtres",
    "Open": "Ouvrir la liste",
    "Close": "Fermer",
    "Clear": "Effacer",
    "Clear all": "Tout effacer",
    "Clear value": "Effacer",
    "Selected values": "Valeurs choisies",
    "Select all": "Tout choisir",
    "Increment": "Augmenter",
    "Decrement": "Diminuer",
    "Remove file": "Retirer le fichier",
    "Copy to clipboard": "Copier",
    "Choose an option": "Choisissez",
    "Choose options": "Choisissez",
    "Skip to main content": "Aller au contenu",
    "No results": "Aucun résultat",
  };
  const STARTS = { "Help for ": "Aide : ", "Remove ": "Retirer " };
  const ATTRIBUTES = ["aria-label", "title", "placeholder"];
  const SPOKEN = "[data-testid=stSkipToContent], [role=listbox] *, [data-live-announcer] *";

  const french = (text) => {
    const start = Object.keys(STARTS).find((one) => text.startsWith(one));
    const count = /^(\d+) options? available\.$/.exec(text);
    if (count) return `Choix possibles : ${count[1]}.`;
    return NAMES[text] ?? (start ? STARTS[start] + text.slice(start.length) : text);
  };
  const name = (element) => {
    for (const attribute of ATTRIBUTES) {
      const text = element.getAttribute(attribute);
      if (text && french(text) !== text) element.setAttribute(attribute, french(text));
    }
  };
  const write = (element) => {
    const { firstChild: text } = element;
    if (text?.nodeType === Node.TEXT_NODE && french(text.data) !== text.data) text.data = french(text.data);
  };
  const translate = (root) => {
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    for (const one of [root, ...root.querySelectorAll(ATTRIBUTES.map((a) => `[${a}]`).join())]) name(one);
    for (const one of [root, ...root.querySelectorAll(SPOKEN)]) if (one.matches(SPOKEN)) write(one);
  };

  const itemise = (root) => {
    for (const section of root.querySelectorAll("[data-testid=stSidebarNavItems] > :not(li, [role])")) {
      section.setAttribute("role", "listitem");
      for (const item of section.querySelectorAll("li")) item.setAttribute("role", "none");
    }
  };
  const reach = () => {
    for (const table of document.querySelectorAll(".t:not([style]), .mx")) {
      const scrolls = table.scrollWidth > table.clientWidth + 1 || table.scrollHeight > table.clientHeight + 1;
      if (scrolls === table.hasAttribute("tabindex")) continue;
      if (!scrolls) ["tabindex", "role"].forEach((one) => table.removeAttribute(one));
      else Object.entries({ tabindex: 0, role: "group" }).forEach((pair) => table.setAttribute(...pair));
      const caption = table.querySelector("caption")?.textContent;
      if (scrolls && caption) table.setAttribute("aria-label", caption);
    }
  };
  let due = 0;
  const later = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(reach);
  };

  document.documentElement.lang = "fr";
  if (window.atlasReaders) return;
  window.atlasReaders = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") name(target);
      else addedNodes.forEach(translate);
    }
    itemise(document.body);
    later();
  });
  addEventListener("resize", later);
  document.addEventListener("toggle", later, true);
  window.atlasReaders.observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
  translate(document.body);
  itemise(document.body);
  later();
})();
