/** Names with `*` for any characters and `?` for one, without regard to case. */

/**
 * Returns a test for whole names. It takes at most as many steps as the product of the lengths,
 * whereas a regular expression with many asterisks takes exponential time.
 */
export function globTest(glob: string): (name: string) => boolean {
  const wanted = lettersOf(glob.replaceAll(/\*+/g, "*"));
  return (name) => {
    const letters = lettersOf(name);
    let at = 0;
    let next = 0;
    /** Place after the last asterisk, and the letter up to which it extends. */
    let retry: { readonly next: number; at: number } | undefined;
    while (at < letters.length) {
      if (wanted[next] === "*") {
        next++;
        retry = { next, at };
      } else if (wanted[next] === "?" || wanted[next] === letters[at]) {
        next++;
        at++;
      } else if (retry !== undefined) {
        next = retry.next;
        at = ++retry.at;
      } else return false;
    }
    return wanted.slice(next).every((letter) => letter === "*");
  };
}

function lettersOf(text: string): readonly string[] {
  return Array.from(text, (letter) => letter.toLowerCase());
}
