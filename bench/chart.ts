/** Bar chart of the goals, an SVG without scripts or fonts. */

export interface Bar {
  readonly group: string;
  readonly label: string;
  /** 1 if the goal is just met; `undefined` if it was not measured. */
  readonly ratio: number | undefined;
  readonly note: string;
}

const WIDTH = 960;
const BAR_X = 440;
const BAR_WIDTH = 240;
const NOTE_X = 695;
const ROW_HEIGHT = 22;
const GROUP_HEIGHT = 30;
const TOP = 64;
const BAR_HEIGHT = 12;
const RATIO_DRAWN_MAX = 2;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .group { font-weight: 600; }
  .note { fill: #59636e; }
  .page { fill: #ffffff; }
  .met { fill: #0b6bcb; }
  .missed { fill: #c4540a; }
  .goal { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .note { fill: #9aa4af; }
    .page { fill: #0d1117; }
    .met { fill: #58a6ff; }
    .missed { fill: #f0883e; }
    .goal { stroke: #e6edf3; }
  }
`;

export function drawChart(title: string, bars: readonly Bar[]): string {
  const scale = BAR_WIDTH / RATIO_DRAWN_MAX;
  const shapes: string[] = [];
  let y = TOP;
  let group = "";
  for (const bar of bars) {
    if (bar.group !== group) {
      group = bar.group;
      y += GROUP_HEIGHT;
      shapes.push(text(16, y - 8, group, "group"));
    }
    shapes.push(text(28, y + BAR_HEIGHT - 1, bar.label));
    if (bar.ratio !== undefined) shapes.push(...barShapes(y, bar.ratio, scale));
    shapes.push(text(NOTE_X, y + BAR_HEIGHT - 1, bar.note, "note"));
    y += ROW_HEIGHT;
  }
  const goalX = BAR_X + scale;
  const height = y + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img"`,
    ` width="${WIDTH}" height="${height}" aria-label="${escapeXml(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    text(16, 28, title, "title"),
    text(16, 48, "A bar that reaches the dashed line meets its goal; longer is better.", "note"),
    ...shapes,
    `<line class="goal" x1="${goalX}" x2="${goalX}" y1="${TOP}" y2="${height - 16}"/>`,
    "</svg>",
    "",
  ].join("\n");
}

function barShapes(y: number, reached: number, scale: number): string[] {
  const kind = reached >= 1 ? "met" : "missed";
  const endX = BAR_X + Math.min(RATIO_DRAWN_MAX, reached) * scale;
  const shape = `x="${BAR_X}" y="${y}" width="${(endX - BAR_X).toFixed(1)}" height="${BAR_HEIGHT}"`;
  const bar = `<rect class="${kind}" ${shape} rx="2"/>`;
  if (reached <= RATIO_DRAWN_MAX) return [bar];
  const arrow = `${endX},${y - 2} ${endX + 9},${y + BAR_HEIGHT / 2} ${endX},${y + BAR_HEIGHT + 2}`;
  return [bar, `<polygon class="${kind}" points="${arrow}"/>`];
}

function text(x: number, y: number, content: string, style = "label"): string {
  return `<text class="${style}" x="${x.toFixed(1)}" y="${y}">${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
