/** Abilities of a terminal by its name, the variable TERM. */

type Environment = Readonly<Record<string, string | undefined>>;

const WITHOUT_SEQUENCES = /^(?:dumb|unknown|network|dialup|emacs|vt50h?|vt52|)$/;

/**
 * Reports whether the terminal only appends lines: it may understand no escape sequence, or a
 * screen reader would read each redraw aloud. Windows sets no name.
 */
export function isAppendOnly({ TERM }: Environment, platform = process.platform): boolean {
  return WITHOUT_SEQUENCES.test(TERM ?? (platform === "win32" ? "xterm" : ""));
}
