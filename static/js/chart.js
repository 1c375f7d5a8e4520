// The chart of one piece of evidence, by uPlot. The page's spark stays where a script does not run.
(() => {
  const box = document.querySelector("#chart");
  if (!box || !window.uPlot) return;
  const points = JSON.parse(box.dataset.points);
  const series = [points.map((p) => p[0]), points.map((p) => p[1])];
  // Colours of the theme, as styles have resolved them: a canvas knows no custom properties.
  let [line, faint, shade] = [];
  const colour = () => {
    const styles = getComputedStyle(box);
    [line, faint, shade] = [styles.color, styles.borderTopColor, styles.borderBottomColor];
  };
  const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19) + "Z";
  const marks = {
    hooks: {
      drawClear: (chart) => {
        const from = Number(box.dataset.impactFrom);
        const last = series[0][series[0].length - 1];
        const to = Number(box.dataset.impactTo) || last;
        const left = Math.max(chart.bbox.left, chart.valToPos(from, "x", true));
        const right = Math.min(chart.bbox.left + chart.bbox.width, chart.valToPos(to, "x", true));
        if (right <= left) return;
        chart.ctx.fillStyle = shade;
        chart.ctx.fillRect(left, chart.bbox.top, right - left, chart.bbox.height);
      },
      draw: (chart) => {
        if (!box.dataset.onset) return;
        const x = chart.valToPos(Number(box.dataset.onset), "x", true);
        chart.ctx.strokeStyle = line;
        chart.ctx.setLineDash([4, 3]);
        chart.ctx.beginPath();
        chart.ctx.moveTo(x, chart.bbox.top);
        chart.ctx.lineTo(x, chart.bbox.top + chart.bbox.height);
        chart.ctx.stroke();
        chart.ctx.setLineDash([]);
      },
    },
  };
  const { label, unit } = box.dataset;
  const SIZES = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]];
  const digits = (value) => Number(value.toPrecision(4));
  const show = (value) => {
    if (value === null) return "no value";
    if (unit === "ratio") return `${digits(value * 100)}%`;
    if (unit === "seconds" && Math.abs(value) >= 7200) return `${digits(value / 3600)} h`;
    if (unit === "seconds") return Math.abs(value) < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`;
    if (unit === "per_second") return `${digits(value)}/s`;
    if (unit !== "bytes") return `${digits(value)}`;
    const [size, name] = SIZES.find(([least]) => Math.abs(value) >= least) || SIZES[4];
    return `${digits(value / size)} ${name}`;
  };
  const draw = () => {
    box.replaceChildren();
    colour();
    const axis = { stroke: line, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint, width: 1 } };
    new window.uPlot(
      {
        width: box.clientWidth,
        height: 260,
        plugins: [marks],
        tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "UTC"),
        scales: { y: { range: (chart, low, high) => [Math.min(0, low), high * 1.05 || 1] } },
        axes: [
          { ...axis, values: (chart, ticks) => ticks.map((at) => utc(at).slice(0, 5)) },
          { ...axis, size: 64, values: (chart, ticks) => ticks.map(show) },
        ],
        series: [
          { label: "Time (UTC)", value: (chart, at) => (at === null ? "" : utc(at)) },
          { label, stroke: line, width: 1.5, value: (chart, value, i, at) => (at == null || value === undefined ? "" : show(value)) },
        ],
      },
      series,
      box,
    );
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = box.clientWidth;
  addEventListener("resize", () => {
    if (box.clientWidth === width) return;
    width = box.clientWidth;
    draw();
  });
})();
