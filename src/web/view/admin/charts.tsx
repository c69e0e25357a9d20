/** Charts on the dashboard, loaded together with their drawing library. */

import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import plotSheet from "uplot/dist/uPlot.min.css" with { type: "file" };
import { formatRate, formatSize } from "../../../base/sizes.ts";
import { MINUTE_MS } from "../../../base/time.ts";
import { usePage } from "../shell/context.tsx";
import { combined, listen, observeSizes } from "../shell/effects.ts";
import { useStyleSheet } from "../shell/style-sheet.ts";
import { Chips } from "./chips.tsx";
import {
  firstIndexWithin,
  labelPx,
  perMinute,
  type SampleColumns,
  summarize,
} from "./sample-log.ts";
import { DataTable } from "./table.tsx";

const SPANS_MIN = [5, 15, 60] as const;
/** Plot of 120 px, and the times below it. */
const HEIGHT_REM = 9.7;
/** In forced colours, all lines have one colour. */
const DASHES: readonly (number[] | undefined)[] = [undefined, [6, 4]];

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

interface ChartProps {
  readonly title: string;
  readonly time: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly from: number;
  /** Fills the area below its only line: a level, which hardly changes. */
  readonly isLevel?: boolean;
}

/** A canvas does not resolve CSS variables. */
function resolveColours(host: HTMLElement, names: readonly string[]): string[] {
  const probe = document.createElement("span");
  host.append(probe);
  const colours = names.map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return colours;
}

function useThemeVersion(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const redraw = () => setVersion((n) => n + 1);
    const root = new MutationObserver(redraw);
    root.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return combined(
      () => root.disconnect(),
      listen(matchMedia("(prefers-color-scheme: dark)"), "change", redraw),
      listen(matchMedia("(forced-colors: active)"), "change", redraw),
    );
  }, []);
  return version;
}

interface DrawnChart {
  readonly host: RefObject<HTMLDivElement | null>;
  readonly at: number | undefined;
}

function useChart({ time, lines, format, from, isLevel }: ChartProps): DrawnChart {
  const { times } = usePage();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | undefined>(undefined);
  const version = useThemeVersion();
  const colours = lines.map(({ colour }) => colour).join(" ");
  const data = useMemo((): uPlot.AlignedData => {
    const seconds = time.slice(from).map((ms) => ms / 1_000);
    return [seconds, ...lines.map(({ values }) => values.slice(from))] as uPlot.AlignedData;
  }, [time, lines, from]);
  const latestData = useRef(data);
  latestData.current = data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` redraws in other colours
  useEffect(() => {
    const container = host.current;
    if (container === null) return;
    const [ink = "", grid = "", fill = "", ...strokes] = resolveColours(container, [
      "--text-2",
      "--line",
      "--accent-soft",
      ...colours.split(" "),
    ]);
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    const axis: uPlot.Axis = {
      stroke: ink,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1 },
      font: `${Math.round(rem * 0.75)}px system-ui, sans-serif`,
    };
    const formatTime = (second: number, [first = 0, last = first]: readonly number[]) =>
      (last - first < MINUTE_MS / 1_000 ? times.exact : times.clock)(second * 1_000);
    const chart = new uPlot(
      {
        width: Math.max(1, container.clientWidth),
        height: HEIGHT_REM * rem,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, sync: { key: "chat" } },
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 2.2 * rem,
            space: labelPx(times.exact(0), rem),
            values: (_, all) => all.map((second) => formatTime(second, all)),
          },
          { ...axis, side: 1, size: 4.6 * rem, values: (_, all) => all.map(format) },
        ],
        series: [
          {},
          ...strokes.map((stroke, i) => {
            const area = isLevel === true ? { fill } : {};
            return { stroke, dash: DASHES[i], width: 1.75, points: { show: false }, ...area };
          }),
        ],
        hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? undefined)] },
      },
      latestData.current,
      container,
    );
    plot.current = chart;
    const unobserve = observeSizes([container], () => {
      chart.setSize({ width: Math.max(1, container.clientWidth), height: HEIGHT_REM * rem });
    });
    return () => {
      unobserve();
      plot.current = undefined;
      chart.destroy();
    };
  }, [colours, format, times, version, isLevel]);
  useEffect(() => plot.current?.setData(data), [data]);
  return { host, at };
}

function Chart(props: ChartProps) {
  const { title, time, lines, format, from } = props;
  const { texts, times } = usePage();
  const { host, at } = useChart(props);
  const captions = lines.map(({ name, values, colour }, i) => {
    const summary = summarize(values, time, from);
    if (summary === undefined) return null;
    const { last, max, maxAt } = summary;
    const pointValue = at === undefined ? undefined : values[from + at];
    const atMaximum = lines.length > 1 ? undefined : times.clock(maxAt);
    return (
      <span key={name}>
        <span
          className={DASHES[i] === undefined ? "chart-key" : "chart-key is-dashed"}
          style={{ borderColor: `var(${colour})` }}
          aria-hidden="true"
        />
        {lines.length > 1 ? `${name} ` : ""}
        {pointValue === undefined
          ? texts.chartSummary(format(last), format(max), atMaximum)
          : `${times.exact(time[from + (at ?? 0)] ?? 0)} · ${format(pointValue)}`}
      </span>
    );
  });
  return (
    <figure className="chart">
      <figcaption>
        <h2>{title}</h2>
        <p className="chart-words">{captions}</p>
      </figcaption>
      <div ref={host} className="chart-place" aria-hidden="true" />
    </figure>
  );
}

const perSecond = (value: number) => `${rounded(value)}/s`;
const rounded = (value: number) => (value >= 10 ? value.toFixed(0) : String(+value.toFixed(1)));

export interface ChartsProps {
  readonly samples: SampleColumns;
  /** State of the server, before the choice of the time range. */
  readonly state: ReactNode;
  /** Fills the last place of the grid. */
  readonly children: ReactNode;
}

export function Charts({ samples, state, children }: ChartsProps) {
  useStyleSheet(plotSheet);
  const { texts, times } = usePage();
  const [span, setSpan] = useState<number>(60);
  const { time, diskFreeBytes } = samples;
  const from = firstIndexWithin(time, span * MINUTE_MS);
  const charts = useMemo(() => {
    const { posts, online, links, receivedBytes, sentBytes, memoryBytes } = samples;
    const line = (name: string, colour: string, values: readonly number[]) => {
      return { name, colour, values };
    };
    const free = diskFreeBytes;
    return [
      {
        title: texts.chartMessages,
        format: perSecond,
        lines: [line(texts.chartMessages, "--accent", posts)],
      },
      {
        title: texts.chartPeople,
        format: rounded,
        lines: [
          line(texts.people, "--ink-7-text", online),
          line(texts.connections, "--ink-3-text", links),
        ],
      },
      {
        title: texts.chartBytes,
        format: formatSize,
        lines: [
          line(texts.received, "--ink-9-text", receivedBytes),
          line(texts.sent, "--ink-2-text", sentBytes),
        ],
      },
      ...(free === undefined
        ? []
        : [
            {
              title: texts.diskFree,
              format: formatSize,
              lines: [line(texts.diskFree, "--accent", free)],
              isLevel: true,
            },
          ]),
      {
        title: texts.memory,
        format: formatSize,
        lines: [line(texts.memory, "--accent", memoryBytes)],
        isLevel: true,
      },
    ];
  }, [samples, diskFreeBytes, texts]);
  return (
    <>
      <div className="health-bar">
        {state}
        <Chips
          label={texts.chartSpan}
          all={SPANS_MIN}
          isOn={(minutes) => minutes === span}
          name={texts.chartMinutes}
          onPress={setSpan}
        />
      </div>
      <div className="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} time={time} from={from} />
        ))}
        {children}
      </div>
      <details className="chart-table">
        <summary>{texts.chartTable}</summary>
        <MinutesTable samples={samples} clock={times.clock} />
      </details>
    </>
  );
}

interface MinutesProps {
  readonly samples: SampleColumns;
  readonly clock: (unixMs: number) => string;
}

function MinutesTable({ samples, clock }: MinutesProps) {
  const { texts } = usePage();
  const heads = [
    texts.chartTime,
    texts.chartMessages,
    texts.people,
    texts.connections,
    texts.received,
    texts.sent,
    texts.diskFree,
    texts.memory,
  ];
  return (
    <DataTable label={texts.chartTable} heads={heads}>
      {perMinute(samples).map(({ time, values, diskFreeBytes: free }) => (
        <tr key={time}>
          <th scope="row">{clock(time)}</th>
          <td>{perSecond(values.posts)}</td>
          <td>{values.online}</td>
          <td>{values.links}</td>
          <td>{formatRate(values.receivedBytes)}</td>
          <td>{formatRate(values.sentBytes)}</td>
          <td>{free === undefined ? "–" : formatSize(free)}</td>
          <td>{formatSize(values.memoryBytes)}</td>
        </tr>
      ))}
    </DataTable>
  );
}
