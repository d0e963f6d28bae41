// Redraws a report's still charts with uPlot, each when it comes into view: values under the pointer, and a stretch that
// is dragged over is enlarged. Everything needed stands beside the chart as JSON; nothing is fetched.
"use strict";

(() => {
  const AXIS = 52, ABOVE = 6, PLOT = 160, BELOW = 24, BESIDE = 5, MINUTE = 60, DAY = 86400;
  const HEIGHT = ABOVE + PLOT + BELOW;
  const language = {en: "en-GB"}[document.documentElement.lang] ?? document.documentElement.lang;
  const zone = document.body.dataset.zone;
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const colours = () => Object.fromEntries(
    ["ink", "second", "hairline", "slate", "accent", "late", "required-edge", "card"].map((name) => [name, token(name)]));

  const format = (options) => {
    const made = new Intl.DateTimeFormat(language, {timeZone: zone, ...options});
    return (at) => made.format(new Date(at * 1000));
  };
  const asDay = format({month: "short", day: "numeric"});
  const asTime = format({hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
  const asSecond = format({hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});
  const asMoment = (at) => `${asDay(at)} ${asTime(at)}`;
  /** A moment of a run: 0:07, 12:30, 1:05:00. */
  const asClock = (at) => {
    const seconds = Math.round(at), pair = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    return hours ? `${hours}:${pair(minutes)}:${pair(seconds % 60)}` : `${minutes}:${pair(seconds % 60)}`;
  };
  const number = new Intl.NumberFormat(language, {maximumSignificantDigits: 4});

  /** Put the series of a chart on one common row of times; a gap stays a gap. */
  function aligned(chart) {
    const tables = chart.lines.map((line) => [line.at.map((at) => at + chart.start), line.values]);
    return tables.length > 1 ? uPlot.join(tables) : tables[0] ?? [[chart.start], [null]];
  }

  function seriesOf(chart, colour) {
    return chart.lines.map((line) => ({
      label: line.name,
      stroke: line.accent ? colour.accent : line.quiet ? colour.slate : {late: colour.late, edge: colour["required-edge"], accent: colour.accent}[line.tone] ?? colour.ink,
      width: line.quiet ? 1 : {late: 1.8, edge: 1.8}[line.tone] ?? 1.4,
      dash: line.tone === "edge" ? [4, 2] : undefined,
      points: {show: false},
    }));
  }

  /** Hatch: lines at 45 degrees, or dots, as a pattern of the canvas. */
  function pattern(context, colour, dotted) {
    const ratio = devicePixelRatio, size = 6 * ratio;
    const tile = Object.assign(document.createElement("canvas"), {width: size, height: size});
    const drawn = tile.getContext("2d");
    drawn.globalAlpha = 0.6;
    if (dotted) {
      drawn.fillStyle = colour;
      drawn.beginPath();
      drawn.arc(2 * ratio, 2 * ratio, 0.9 * ratio, 0, 2 * Math.PI);
      drawn.fill();
    } else {
      drawn.strokeStyle = colour;
      drawn.lineWidth = ratio;
      drawn.beginPath();
      for (const shift of [-size, 0, size]) {
        drawn.moveTo(shift, size);
        drawn.lineTo(shift + size, 0);
      }
      drawn.stroke();
    }
    return context.createPattern(tile, "repeat");
  }

  /** What lies behind the lines: stretches in which the condition held, without data, of own load. */
  function drawBehind(chart, colour) {
    return (plot) => {
      const {ctx: context, bbox: box} = plot;
      const fill = (stretches, style, alpha) => {
        context.globalAlpha = alpha;
        context.fillStyle = style;
        for (const [since, until] of stretches) {
          const left = Math.max(box.left, plot.valToPos(since, "x", true));
          const right = Math.min(box.left + box.width, plot.valToPos(until, "x", true));
          if (right >= left) context.fillRect(left, box.top, Math.max(right - left, 2 * devicePixelRatio), box.height);
        }
        context.globalAlpha = 1;
      };
      context.save();
      fill(chart.held, colour.late, 0.1);
      fill(chart.ownLoad, pattern(context, colour.slate, true), 1);
      fill(chart.gaps, pattern(context, colour.slate, false), 1);
      context.restore();
    };
  }

  /** What lies over the lines: the forecast's band, thresholds, levels of days, the crossing. */
  function drawOver(chart, colour) {
    return (plot) => {
      const {ctx: context, bbox: box} = plot, ratio = devicePixelRatio;
      const x = (at) => plot.valToPos(at, "x", true), y = (value) => plot.valToPos(value, "y", true);
      context.save();
      context.beginPath();
      context.rect(box.left - BESIDE * ratio, box.top, box.width + 2 * BESIDE * ratio, box.height);
      context.clip();
      for (const band of chart.bands) drawBand(context, band, x, y, colour);
      for (const fans of [chart.fitted, chart.future]) drawFans(context, fans, x, y, colour, ratio);
      drawLonePoints(context, plot, x, y, colour, ratio);
      context.fillStyle = colour.ink;
      for (const [at, value] of chart.dots) dot(context, x(at), y(value), 2.2 * ratio);
      for (const {quiet, accent, at, values} of chart.lines) {
        const newest = values.findLastIndex((value) => value != null);
        if (!quiet && !accent && newest >= 0 && !chart.elapsed) dot(context, x(chart.start + at[newest]), y(values[newest]), 3.5 * ratio);
      }
      for (const {value, kind} of chart.thresholds) {
        const strong = kind === "enter" || kind === "danger";
        context.strokeStyle = {danger: colour.late, warning: colour["required-edge"], enter: colour.ink}[kind] ?? colour.slate;
        context.setLineDash(kind === "leave" || kind === "target" ? [5 * ratio, 4 * ratio] : []);
        stroke(context, [[box.left, y(value)], [box.left + box.width, y(value)]], (strong ? 1.4 : 1.2) * ratio);
      }
      context.setLineDash([2 * ratio, 3 * ratio]);
      context.strokeStyle = colour.slate;
      if (chart.end > chart.now) stroke(context, [[x(chart.now), box.top], [x(chart.now), box.top + box.height]], ratio);
      context.setLineDash([]);
      if (chart.crossing) drawCrossing(context, chart, x, y, colour, ratio);
      context.restore();
    };
  }

  function stroke(context, points, width) {
    context.lineWidth = width;
    context.beginPath();
    points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
  }

  function dot(context, x, y, radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  function drawBand(context, {tone, points}, x, y, colour) {
    fillBetween(context, points.map(([at, low, high]) => [x(at), y(low), y(high)]), colour.accent, tone === "faint" ? 0.1 : 0.22);
  }

  function fillBetween(context, points, style, alpha) {
    const outline = [...points.map(([left, , high]) => [left, high]), ...points.toReversed().map(([left, low]) => [left, low])];
    context.globalAlpha = alpha;
    context.fillStyle = style;
    context.beginPath();
    outline.forEach(([left, top], index) => (index ? context.lineTo(left, top) : context.moveTo(left, top)));
    context.fill();
    context.globalAlpha = 1;
  }

  function drawFans(context, fans, x, y, colour, ratio) {
    if (!fans.length) return;
    fillBetween(context, fans.map(([at, low, , high]) => [x(at), y(low), y(high)]), colour.accent, 0.16);
    context.strokeStyle = colour.accent;
    stroke(context, fans.map(([at, , middle]) => [x(at), y(middle)]), 1.6 * ratio);
  }

  /** A value between two gaps has no line; without a dot it would vanish. */
  function drawLonePoints(context, plot, x, y, colour, ratio) {
    plot.series.slice(1).forEach((series, index) => {
      const values = plot.data[index + 1];
      context.fillStyle = series.stroke();
      values.forEach((value, at) => {
        if (value != null && values[at - 1] === null && values[at + 1] === null) {
          dot(context, x(plot.data[0][at]), y(value), 1.2 * ratio);
        }
      });
    });
  }

  function drawCrossing(context, {crossing, end}, x, y, colour, ratio) {
    context.lineCap = "round";
    context.strokeStyle = colour.accent;
    context.globalAlpha = 0.45;
    stroke(context, [[x(crossing.earliest), y(crossing.level)], [x(crossing.latest ?? end), y(crossing.level)]], 7 * ratio);
    context.globalAlpha = 1;
    context.fillStyle = colour.accent;
    dot(context, x(crossing.at), y(crossing.level), 5.5 * ratio);
  }

  /** Say what stands under the pointer: the moment, every line's value, the day's level or its forecast. */
  function told(chart, plot) {
    const {left, idx: index} = plot.cursor;
    if (left == null || left < 0) return "";
    const at = plot.posToVal(left, "x");
    const withUnit = (value) => `${number.format(chart.log ? 10 ** value : value)}${chart.unit ? ` ${chart.unit}` : ""}`;
    const near = (rows) => rows.find(([day]) => Math.abs(day - at) <= DAY / 2);
    const fan = at > chart.now ? near(chart.future) : undefined;
    if (fan) return `${asDay(fan[0])}: ${withUnit(fan[2])} (${number.format(fan[1])} – ${number.format(fan[3])})`;
    const shown = index == null ? [] : plot.series.slice(1).flatMap((series, position) => {
      const value = plot.data[position + 1][index];
      return value == null ? [] : [series.label ? `${series.label} ${withUnit(value)}` : withUnit(value)];
    });
    const level = near(chart.dots);
    if (level) shown.push(`● ${withUnit(level[1])}`);
    const note = chart.notes.findLast(([since]) => since <= at);
    if (note) shown.push(`${asMoment(note[0])}: ${note[1]}`);
    return [(chart.elapsed ? asClock : asMoment)(index == null ? at : plot.data[0][index]), ...shown].join("  ");
  }

  function options(chart, figure, colour) {
    const readout = figure.querySelector(".readout");
    const font = "12px system-ui, sans-serif";
    const plain = {stroke: colour.second, font, ticks: {show: false}};
    return {
      width: figure.clientWidth,
      height: HEIGHT,
      padding: [ABOVE, BESIDE, 0, 0],
      legend: {show: false},
      cursor: {y: false, points: {size: 6}, drag: {x: true, y: false, dist: 8}},
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
      scales: {
        x: {range: (plot, low, high) => (low == null || low <= chart.first && high >= chart.last ? [chart.start, chart.end] : [low, high])},
        y: {range: () => [chart.low, chart.high]},
      },
      axes: [
        {...plain, size: BELOW, gap: 8, space: 70, grid: {show: false},
          values: (plot, splits, axis, space, step) => splits.map((at) => timeText(chart, plot, at, step))},
        {...plain, size: AXIS, gap: 4, grid: {stroke: colour.hairline, width: 1},
          splits: () => chart.ticks.map(([value]) => value), values: () => chart.ticks.map(([, text]) => text)},
      ],
      series: [{}, ...seriesOf(chart, colour)],
      hooks: {
        drawClear: [drawBehind(chart, colour)],
        draw: [drawOver(chart, colour)],
        setCursor: [(plot) => { readout.textContent = told(chart, plot); }],
      },
    };
  }

  /** A tick's day or time; none where it would be cut off at the right edge. */
  function timeText(chart, plot, at, step) {
    const {min, max} = plot.scales.x;
    if (max - at < (max - min) * 0.04) return "";
    if (chart.elapsed) return asClock(at);
    if (step < MINUTE) return asSecond(at);
    return step >= DAY || asTime(at) === "00:00" ? asDay(at) : asTime(at);
  }

  /** The texts of thresholds, over the canvas, where the still picture has them too. */
  function label(figure, live) {
    for (const text of figure.querySelectorAll(".still .rule-text")) {
      const share = parseFloat(text.getAttribute("y")) / 100, down = Number(text.getAttribute("dy"));
      const shown = Object.assign(document.createElement("span"), {className: "rule-label", textContent: text.textContent});
      shown.style.top = `${ABOVE + share * PLOT + down - 11}px`;
      shown.style.left = `${AXIS + Number(text.getAttribute("x"))}px`;
      live.append(shown);
    }
  }

  const drawn = new Map();

  function draw(figure) {
    const chart = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const data = aligned(chart);
    chart.first = data[0][0];
    chart.last = data[0].at(-1);
    const live = Object.assign(document.createElement("div"), {className: "live"});
    live.setAttribute("aria-hidden", "true");
    figure.querySelector(".still").after(live);
    drawn.set(figure, new uPlot(options(chart, figure, colours()), data, live));
    label(figure, live);
    figure.classList.add("is-live");
    resized.observe(figure);
  }

  function undraw(figure) {
    drawn.get(figure)?.destroy();
    drawn.delete(figure);
    resized.unobserve(figure);
    figure.querySelector(".live")?.remove();
    figure.classList.remove("is-live");
  }

  const resized = new ResizeObserver((entries) => {
    for (const {target, contentRect} of entries) {
      const plot = drawn.get(target);
      if (plot && contentRect.width && plot.width !== Math.floor(contentRect.width)) {
        plot.setSize({width: Math.floor(contentRect.width), height: HEIGHT});
      }
    }
  });

  const seen = new IntersectionObserver((entries) => {
    for (const {target, isIntersecting} of entries) {
      if (isIntersecting && !drawn.has(target)) draw(target);
    }
  }, {rootMargin: "200px"});

  const figures = document.querySelectorAll("figure.chart:not(.fixed)");
  figures.forEach((figure) => seen.observe(figure));

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const figure of [...drawn.keys()]) {
      undraw(figure);
      draw(figure);
    }
  });
})();
