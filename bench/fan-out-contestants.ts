import { chatServer } from "./fan-out-chat.ts";
import type { Contestant } from "./fan-out-contestant.ts";
import { inspircd, ircGateway, ngircd } from "./fan-out-irc.ts";
import { mosquitto } from "./fan-out-mqtt.ts";
import { nats } from "./fan-out-nats.ts";
import { findProgram } from "./fan-out-program.ts";
import { webContestant } from "./fan-out-web.ts";
import { ejabberd, prosody } from "./fan-out-xmpp.ts";

export const CONTESTANTS: readonly Contestant[] = [
  webContestant("bare"),
  webContestant("durable"),
  webContestant("link"),
  chatServer,
  ircGateway,
  ngircd,
  inspircd,
  prosody,
  ejabberd,
  mosquitto,
  nats,
];

export function contestantNamed(name: string): Contestant {
  const found = CONTESTANTS.find((contestant) => contestant.name === name);
  if (found === undefined) throw new Error(`unknown contestant ${name}`);
  return found;
}

export function missingProgram({ program }: Contestant): string | undefined {
  if (program === undefined || findProgram(program) !== undefined) return undefined;
  return `${program} is not installed`;
}
