// What the Tab key may reach in a page, and what it meets: see test_browser_keyboard.py.
() => {
  const SELECTOR = "a[href], button, input, select, textarea, summary, iframe, canvas, [tabindex]";
  const roots = (root) => [root, ...[...root.querySelectorAll("*")].flatMap((e) =>
    e.shadowRoot ? roots(e.shadowRoot) : e.tagName === "IFRAME" && e.contentDocument ? roots(e.contentDocument) : [])];
  const look = (e) => { const found = [];
    for (let k = 0; e && k < 6; k++, e = e.parentElement) {
      const s = getComputedStyle(e);
      found.push([s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor, s.color, s.stroke, s.strokeWidth].join()); }
    return found.join("|"); };
  const still = document.createElement("style");
  still.textContent = "*, *::before, *::after { transition: none !important; animation: none !important }";
  document.head.append(still);
  const before = new Map();
  const name = (e) => (e.getAttribute("aria-label") || e.innerText || e.title || e.tagName).trim().slice(0, 60);
  const region = (e) => e.ownerDocument !== document ? "map" : e.closest("header") ? "menu"
    : e.closest(".stSidebar") ? "filters" : e.closest(".stMain") ? "page" : "first";
  const groups = new Map();
  const group = (e) => {
    const own = e.closest("[role=toolbar], [role=radiogroup]");
    return own ? groups.get(own) ?? groups.set(own, groups.size).get(own) : null;
  };
  const tell = (e) => {
    const { left, top, right, bottom } = e.getBoundingClientRect();
    const down = (e.closest(".stMain, .stSidebar")?.scrollTop ?? 0) * (e.matches(".stMain") ? 0 : 1);
    const box = [left, top + down, right, bottom + down].map(Math.round);
    const project = e.tagName === "path" && e.getAttribute("role") !== "button";
    return { id: before.get(e)?.id ?? null, name: name(e), tag: e.tagName, region: region(e), group: group(e), project, box };
  };
  window.walk = {
    controls() {
      let id = 0;
      for (const root of roots(document)) for (const e of root.querySelectorAll(SELECTOR)) {
        const box = e.getBoundingClientRect();
        if (e.tabIndex < 0 || e.disabled || !box.width || !box.height || e.tagName === "IFRAME") continue;
        if (!e.checkVisibility({ visibilityProperty: true }) || e.closest("[inert], [aria-hidden=true]")) continue;
        if (e.type === "radio" && !e.checked) continue;
        before.set(e, { id: id++, look: look(e) });
      }
      return [...before.keys()].map(tell);
    },
    focused() {
      let e = document.activeElement;
      for (;;) {
        const inner = e?.shadowRoot?.activeElement ?? (e?.tagName === "IFRAME" ? e.contentDocument?.activeElement : null);
        if (!inner || inner === e.contentDocument?.body) break;
        e = inner;
      }
      if (!e || e === document.body) return null;
      return { ...tell(e), seen: look(e) !== (before.get(e)?.look ?? "") };
    },
  };
}
