"use strict";
// Without this script everything is readable; with it, cards can be filtered by text and verdict.
(() => {
  const bar = document.querySelector(".filter");
  if (!bar) return;
  bar.hidden = false;
  const cards = [...document.querySelectorAll(".extension")];
  const words = cards.map((card) => card.textContent.toLowerCase());
  const show = () => {
    const text = bar.querySelector("input[type=search]").value.toLowerCase();
    const verdicts = new Set([...bar.querySelectorAll("input:checked")].map((box) => box.value));
    cards.forEach((card, at) => card.classList.toggle("gone", !verdicts.has(card.dataset.verdict) || !words[at].includes(text)));
  };
  bar.addEventListener("input", show);
  addEventListener("beforeprint", () => document.querySelectorAll("details:not(.run)").forEach((part) => { part.open = true; }));
})();
