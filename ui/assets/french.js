// What Streamlit says in English and has no setting for, in the language of the pages: its own
// document language, the names of its buttons (read aloud, never written) and a few texts.
// A name that starts with an English word goes on with a label of ours, which is left as it is.
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

  document.documentElement.lang = "fr";
  if (window.atlasFrench) return;
  window.atlasFrench = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") name(target);
      else addedNodes.forEach(translate);
    }
  });
  window.atlasFrench.observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
  translate(document.body);
})();
