// Draws a table's columns as bars (one line a row) or as lines (along the rows). Canvas only, tooltips too:
// ECharts' other renderers write style attributes, which the Content-Security-Policy forbids.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const ROW_PX = 30;
const FRAME_PX = 56;
const LINES_PX = 280;

// A cell's number: its data-value, else its text without separators; null where there is none ("—").
export function number(cell) {
  const text = (cell.dataset.value ?? cell.textContent).replace(/[,，%\s]/g, "");
  return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
}

// {labels, series: [{name, values, texts}]} of the columns named in data-columns; rows marked data-total are left out.
export function read(figure) {
  const table = document.getElementById(figure.dataset.table);
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !("total" in row.dataset));
  const columns = figure.dataset.columns.split(" ").map(Number);
  const names = (figure.dataset.names ?? "").split("|");
  return {
    labels: rows.map((row) => row.cells[0].textContent.trim()),
    series: columns.map((column, i) => ({
      name: names[i] ?? "",
      values: rows.map((row) => number(row.cells[column])),
      texts: rows.map((row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim()),
    })),
  };
}

function options(figure, { labels, series }, look) {
  const bars = figure.dataset.chart === "bar";
  const category = {
    type: "category",
    data: labels,
    inverse: bars,
    axisTick: { show: false },
    axisLine: { show: !bars, lineStyle: { color: look.line } },
    axisLabel: { color: look.ink, fontSize: 13 },
  };
  const value = {
    type: "value",
    splitLine: { lineStyle: { color: look.line } },
    splitNumber: 4,
    axisLabel: { color: look.muted, fontSize: 12 },
  };
  return {
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: { fontFamily: look.font },
    grid: { left: 4, right: bars ? 56 : 16, top: series.length > 1 ? 40 : 12, bottom: 4, containLabel: true },
    legend: series.length > 1 ? { top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8 } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: bars ? "shadow" : "line" } },
    xAxis: bars ? value : category,
    yAxis: bars ? category : value,
    series: series.map(({ name, values, texts }, i) => ({
      name,
      type: figure.dataset.chart,
      data: values,
      color: look.colours[i % look.colours.length],
      barMaxWidth: 14,
      itemStyle: { borderRadius: bars ? [0, 3, 3, 0] : 0 },
      label: {
        show: bars && series.length === 1,
        position: "right",
        color: look.ink,
        fontSize: 12,
        formatter: ({ dataIndex }) => texts[dataIndex],
      },
      tooltip: { valueFormatter: (value, index) => texts[index] ?? value },
      symbolSize: 6,
      lineStyle: { width: 2 },
    })),
  };
}

function lookOf(element) {
  const style = getComputedStyle(element);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    font: style.fontFamily,
    ink: token("ink"),
    muted: token("ink-muted"),
    line: token("line"),
    colours: [token("accent"), token("chart-2"), token("chart-3")],
  };
}

export function draw(figure) {
  const canvas = figure.querySelector("[data-canvas]");
  const data = read(figure);
  const height = figure.dataset.chart === "bar" ? data.labels.length * ROW_PX + FRAME_PX : LINES_PX;
  canvas.style.height = `${height}px`;
  const chart = init(canvas, null, { renderer: "canvas" });
  chart.setOption(options(figure, data, lookOf(figure)));
  new ResizeObserver(() => chart.resize()).observe(canvas);
}
