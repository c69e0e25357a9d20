/** Web addresses in a text. A text cannot hide where it leads: there is no `[text](address)`. */

export interface Address {
  /** As it was typed. */
  readonly text: string;
  readonly href: string;
  /** Where it leads to, where the text looks as if it led elsewhere. */
  readonly host?: string;
}

/** Longer ones are text. */
const LENGTH_MAX = 2_000;
const ADDRESS = /^[^\s<>"'`]+/;
/** At its end they belong to the sentence, or to the emphasis around it. */
const AFTER = ".,:;!?]}*_~";

/**
 * @param at where `http://`, `https://` or `www.` stands
 * @returns what is to be taken from there: the link, or a text that is none
 */
export function addressAt(
  text: string,
  at: number,
): { readonly taken: string; readonly link: Address | undefined } {
  const found = ADDRESS.exec(text.slice(at, at + LENGTH_MAX))?.[0] ?? "";
  const typed = withoutTail(found);
  const href = hrefOf(typed);
  if (href === undefined) return { taken: typed, link: undefined };
  const { host } = href;
  const link = { text: typed, href: href.href };
  const isSaid = typed.toLowerCase().includes(host);
  return { taken: typed, link: isSaid ? link : { ...link, host } };
}

function hrefOf(typed: string): URL | undefined {
  const isBare = /^www\./i.test(typed);
  const whole = isBare ? `https://${typed}` : typed;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  // A name before the host makes an address look like another one.
  if (!isWeb || url.username !== "" || url.password !== "") return undefined;
  return isBare && !/^www\.[^.]+\../.test(url.hostname) ? undefined : url;
}

/** A bracket that was opened inside stays. */
function withoutTail(found: string): string {
  const count = (sign: string) => found.split(sign).length - 1;
  let spare = count(")") - count("(");
  let end = found.length;
  for (; end > 0; end--) {
    const last = found[end - 1] ?? "";
    if (last === ")" && spare > 0) spare--;
    else if (!AFTER.includes(last)) break;
  }
  return found.slice(0, end);
}
