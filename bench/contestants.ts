/** All programs that the benchmarks compare, in the order of their turns. */
import { chatServer } from "./fan-out-chat.ts";
import type { Contestant } from "./fan-out-contestant.ts";
import { floor } from "./fan-out-floor.ts";
import { ircGateway, ngircd } from "./fan-out-irc.ts";
import { findProgram } from "./fan-out-program.ts";
import { chatDownload, chatRelay, chatUpload } from "./transfer-chat.ts";
import type { TransferContestant } from "./transfer-contestant.ts";
import { scp } from "./transfer-ssh.ts";

export const CONTESTANTS: readonly Contestant[] = [floor, chatServer, ircGateway, ngircd];

export const TRANSFERS: readonly TransferContestant[] = [scp, chatUpload, chatRelay, chatDownload];

export function contestantNamed(name: string): Contestant {
  const found = CONTESTANTS.find((contestant) => contestant.name === name);
  if (found === undefined) throw new Error(`unknown contestant ${name}`);
  return found;
}

export function missingProgram({ program }: Contestant): string | undefined {
  if (program === undefined || findProgram(program) !== undefined) return undefined;
  return `${program} is not installed`;
}
