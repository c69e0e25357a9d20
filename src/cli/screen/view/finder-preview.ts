/** Preview of the selected row of the finder, in the right half of a wide screen. */

import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { messagesAround } from "../../../core/finder/around.ts";
import { isMessage } from "../../../core/model/item.ts";
import { isIgnored, roomOf } from "../../../core/model/selectors.ts";
import type { FoundItem, Item, RoomState } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { answerText } from "../../../ui/help/help.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { dayAndClock } from "../../../ui/text/times.ts";
import { type FinderRow, groupRows, selectedChoice } from "../state/finder.ts";
import type { FinderOptions } from "./finder.ts";
import { nickRole } from "./palette.ts";
import { cutLine, type StyledLine, withHits } from "./style.ts";
import { wrapSpans } from "./wrap.ts";

const MESSAGE_UNITS_MAX = 2_000;

/** Returns at most `height` lines. */
export function previewLines(
  options: FinderOptions,
  columns: number,
  height: number,
): readonly StyledLine[] {
  const { overlay, model, rows } = options;
  const choice = selectedChoice(overlay, model, groupRows(rows));
  if (choice?.kind !== "row") return [];
  const lines = linesOf(choice.row, options, columns, height);
  return lines.slice(0, height).map((line) => cutLine(line, columns));
}

function linesOf(
  row: FinderRow,
  options: FinderOptions,
  columns: number,
  height: number,
): readonly StyledLine[] {
  const { model, texts } = options;
  const { finder } = texts.keys;
  switch (row.kind) {
    case "people":
    case "rooms": {
      const room = roomOf(model, row.target);
      const title: StyledLine = [{ text: placeHeading(row.target, options), bold: true }];
      return [title, ...lastOf(room, () => true, options, columns, height - 1)];
    }
    case "threads": {
      const room = roomOf(model, row.target);
      const { root = 0 } = row;
      const isIn = ({ seq, re }: Item) => seq === root || re === root;
      const title = `${targetTitle(model, row.target)} ↪ ${row.texts?.[0] ?? ""}`;
      return [
        [{ text: cleanText(title.replaceAll("\n", " ")), bold: true }],
        ...lastOf(room, isIn, options, columns, height - 1),
      ];
    }
    case "messages":
      return aroundOf(row.found, options, columns);
    case "files": {
      const { file, item, target } = row;
      const from = finder.fileFrom(authorText(item, texts, model), targetTitle(model, target));
      const time = dayAndClock(options.times, item.timeUnixMs);
      const facts = [from, time, formatSize(file.size)].join(" · ");
      return [
        [{ text: cleanText(file.name), bold: true }],
        [{ text: cleanText(facts), role: "dim" }],
        ...(item.text === "" ? [] : wrapSpans([{ text: cleanText(item.text) }], columns)),
        ...firstLines(options.fileTexts.get(file.file) ?? "", height),
      ];
    }
    case "commands": {
      const examples = finder.examples[row.name] ?? [];
      return [
        ...wrapSpans([{ text: row.usage, bold: true }], columns),
        ...wrapSpans([{ text: row.summary }], columns),
        ...examples.map((text): StyledLine => [{ text: `  ${text}`, role: "code" }]),
      ];
    }
    case "answers":
      return [
        ...wrapSpans([{ text: row.entry.question, bold: true }], columns),
        ...wrapSpans([{ text: answerText(row.entry) }], columns),
      ];
    case "joinable":
      return [
        [{ text: `#${row.target}`, bold: true }],
        ...wrapSpans([{ text: cleanText(row.topic) }], columns),
      ];
    default:
      return [];
  }
}

function firstLines(text: string, count: number): readonly StyledLine[] {
  if (text === "") return [];
  const lines = text.split("\n", count).map((line) => cleanText(line, { tabs: true }));
  return [
    [],
    ...lines.map((line): StyledLine => [{ text: line.replaceAll("\t", "  "), role: "code" }]),
  ];
}

function placeHeading(target: string, { model }: FinderOptions): string {
  const title = targetTitle(model, target);
  const { topic = "" } = roomOf(model, target) ?? {};
  return topic === "" ? title : `${title}  ${cleanText(topic.replaceAll("\n", " "))}`;
}

/** The last messages that fit. */
function lastOf(
  room: RoomState | undefined,
  isListed: (item: Item) => boolean,
  options: FinderOptions,
  columns: number,
  height: number,
): readonly StyledLine[] {
  const items = room?.tail.items ?? [];
  let lines: readonly StyledLine[] = [];
  for (let at = items.length - 1; at >= 0 && lines.length < height; at--) {
    const item = items[at];
    if (item === undefined || !isMessage(item) || !isListed(item)) continue;
    if (isIgnored(options.model, item.from)) continue;
    lines = [...messageLines(item, options, columns), ...lines];
  }
  return lines.slice(-height);
}

/** A message among its neighbours. */
function aroundOf(
  found: FoundItem,
  options: FinderOptions,
  columns: number,
): readonly StyledLine[] {
  const { model } = options;
  const title: StyledLine = [
    { text: targetTitle(model, found.target), bold: true },
    { text: `  #${found.item.seq}`, role: "dim" },
  ];
  const shown = messagesAround(model, found);
  return [title, ...shown.flatMap((each) => messageLines(each, options, columns))];
}

function messageLines(
  item: Item,
  { model, texts, times, overlay }: FinderOptions,
  columns: number,
): readonly StyledLine[] {
  const text = cleanText(briefText(item, texts, times, MESSAGE_UNITS_MAX));
  const author = { text: authorText(item, texts, model), role: nickRole(tintOf(item.from ?? "")) };
  const spans = withHits([{ text }], overlay.result.search?.text ?? "");
  return wrapSpans(
    [{ text: `${times.clock(item.timeUnixMs)}  `, role: "dim" }, author, { text: "  " }, ...spans],
    columns,
  );
}
