/** Lines of a room's door: what the room is about, for people who are not in it. */

import { segmentsOf } from "../../base/text.ts";
import { plainTopic } from "../text/event-text.ts";

const LINES_MAX = 3;
const LINE_LETTERS = 60;

/** Each of these begins a line of its own if the topic has several. */
const SENTENCE_ENDS = /(?<=[.!?…。！？]) | [·|•] /u;

/** Returns the topic in up to three lines of 60 letters; none for a room without a topic. */
export function doorLines(topic: string): readonly string[] {
  const lines = plainTopic(topic)
    .split(SENTENCE_ENDS)
    .flatMap((sentence) => wrapped(sentence.trim()))
    .filter((line) => line !== "");
  if (lines.length <= LINES_MAX) return lines;
  return [...lines.slice(0, LINES_MAX - 1), `${lines[LINES_MAX - 1] ?? ""} …`];
}

/** A word that is longer than a line is not cut. */
function wrapped(sentence: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && lettersOf(longer) > LINE_LETTERS) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function lettersOf(text: string): number {
  return [...segmentsOf(text)].length;
}
