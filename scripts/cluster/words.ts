/** What became of the words of those who typed: `NAME NUMBER ...`, each numbered from 0. */

export interface Text {
  readonly seq: number;
  readonly text: string;
}

/** Of the lines of a log. */
export function textsOf(history: string): Text[] {
  const texts: Text[] = [];
  for (const line of history.split("\n")) {
    if (!line.includes('"kind":"text"')) continue;
    const { head, body } = JSON.parse(line) as Line;
    texts.push({ seq: head.seq, text: body?.text ?? "" });
  }
  return texts;
}

interface Line {
  readonly head: { readonly seq: number };
  readonly body?: { readonly text?: string };
}

export interface Words {
  /** Acknowledged, and not in the history under that seq. */
  lost: number;
  doubled: number;
  disordered: number;
}

/** Of one sender: a text stands where its acknowledgement says, once, and behind the one before. */
export function wordsOf(name: string, acked: readonly Text[], texts: readonly Text[]): Words {
  const words: Words = { lost: 0, doubled: 0, disordered: 0 };
  const at = new Map<number, number>();
  let last = -1;
  for (const { seq, text } of texts) {
    const [who, which] = text.split(" ");
    if (who !== name) continue;
    const number = Number(which);
    if (at.has(number)) words.doubled++;
    else if (number < last) words.disordered++;
    at.set(number, seq);
    last = Math.max(last, number);
  }
  for (const { seq, text } of acked) if (at.get(Number(text.split(" ")[1])) !== seq) words.lost++;
  return words;
}

/**
 * What a client has shown otherwise than it is. Texts of before it was there are none of its.
 * @param skipped how many it has said that it does not show: it was away for long
 */
export function missedBy(shown: readonly Text[], texts: readonly Text[], skipped: number): number {
  const wanted = texts.filter(({ seq }) => seq >= (shown[0]?.seq ?? 0));
  let wrong = 0;
  let at = 0;
  let left = 0;
  for (const { seq, text } of shown) {
    let next = at;
    while ((wanted[next]?.seq ?? seq) < seq) next++;
    if (wanted[next]?.seq !== seq || wanted[next]?.text !== text) {
      wrong++;
      continue;
    }
    left += next - at;
    at = next + 1;
  }
  return wrong + Math.max(0, left + wanted.length - at - skipped);
}
