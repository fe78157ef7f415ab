// Draws every figure from the description beside it; the tables say the same in numbers.
"use strict";
(async () => {
  for (const plot of document.querySelectorAll(".plot")) {
    const figure = JSON.parse(plot.nextElementSibling.textContent);
    await Plotly.newPlot(plot, figure.data, figure.layout, { displayModeBar: false, doubleClick: false, showTips: false });
  }
  document.body.dataset.drawn = "all";
})();
