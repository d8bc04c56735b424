// Opens what an alert's link points into, shows the newest end of charts that are wider than the page, and says what the
// pointer is on in the drift map. Pages read as well without it.
"use strict";

function showNewest(within) {
  for (const chart of within.querySelectorAll(".newest")) chart.scrollLeft = chart.scrollWidth;
}
showNewest(document);
addEventListener("toggle", (event) => showNewest(event.target), true);

function reveal() {
  const card = document.getElementById(location.hash.slice(1));
  const folded = card && card.closest("details");
  if (!folded || folded.open) return;
  folded.open = true;
  card.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

for (const map of document.querySelectorAll(".map")) {
  const drawing = map.querySelector("svg");
  const { places, times } = map.querySelector("[data-places]").dataset;
  const [starts, spans] = [places.split("|").map(Number), times.split("|")];
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);
  map.addEventListener("pointerleave", () => { tip.hidden = true; });
  map.addEventListener("pointermove", (event) => {
    const row = event.target.closest(".row");
    const box = drawing.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * drawing.viewBox.baseVal.width;
    const place = starts.findLastIndex((start) => start <= x);
    const value = row && place >= 0 && row.dataset.values.split("|")[place];
    tip.hidden = !value;
    if (!value) return;
    tip.textContent = `${row.dataset.name} · ${spans[place]} · ${value}`;
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  });
}
