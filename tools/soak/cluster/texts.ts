/** Checks of posted texts, `NAME NUMBER ...`, numbered from 0 per client. */

export interface Text {
  readonly seq: number;
  readonly text: string;
}

export function parseTexts(history: string): Text[] {
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

export interface TextCounts {
  lost: number;
  doubled: number;
  disordered: number;
}

/** Each sender's texts must be in the history at their acknowledged seq, once and in order. */
export function countTexts(
  name: string,
  acked: readonly Text[],
  texts: readonly Text[],
): TextCounts {
  const counts: TextCounts = { lost: 0, doubled: 0, disordered: 0 };
  const seqByNumber = new Map<number, number>();
  let last = -1;
  for (const { seq, text } of texts) {
    const [author, digits] = text.split(" ");
    if (author !== name) continue;
    const number = Number(digits);
    if (seqByNumber.has(number)) counts.doubled++;
    else if (number < last) counts.disordered++;
    seqByNumber.set(number, seq);
    last = Math.max(last, number);
  }
  for (const { seq, text } of acked)
    if (seqByNumber.get(Number(text.split(" ")[1])) !== seq) counts.lost++;
  return counts;
}

export function countReadErrors(
  displayed: readonly Text[],
  texts: readonly Text[],
  skipped: number,
): number {
  const expected = texts.filter(({ seq }) => seq >= (displayed[0]?.seq ?? 0));
  let errors = 0;
  let nextIndex = 0;
  let missing = 0;
  for (const { seq, text } of displayed) {
    let next = nextIndex;
    while ((expected[next]?.seq ?? seq) < seq) next++;
    if (expected[next]?.seq !== seq || expected[next]?.text !== text) {
      errors++;
      continue;
    }
    missing += next - nextIndex;
    nextIndex = next + 1;
  }
  return errors + Math.max(0, missing + expected.length - nextIndex - skipped);
}
