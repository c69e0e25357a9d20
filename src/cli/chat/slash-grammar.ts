import { Fault } from "../../base/fault.ts";
import type { SlashHost } from "./slash-host.ts";

/** A command that is typed in a conversation. */
export interface Slash {
  readonly usage: string;
  readonly summary: string;
  run(lines: SlashHost, words: string): Promise<void>;
}

export function split(line: string): [string, string] {
  const trimmed = line.trimStart();
  const at = trimmed.search(/\s/);
  return at < 0 ? [trimmed, ""] : [trimmed.slice(0, at), trimmed.slice(at + 1).trim()];
}

export function args(command: Slash, words: string, min: number, max: number): string[] {
  const given = words === "" ? [] : words.split(/\s+/);
  if (given.length < min || given.length > max) throw misuse(command);
  return given;
}

export function misuse({ usage }: Slash): Fault {
  return new Fault("usage", `that is not how it is used`, { remedy: `write ${usage}` });
}
