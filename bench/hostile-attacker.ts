/**
 * Attacker of `bench/hostile.ts`: `bun bench/hostile-attacker.ts PORT IRC-PORT VICTIM SCENE`. Each
 * line of its input is a row with its numbers of links and accounts; it answers "ready", attacks
 * until the next line, and answers with its counts.
 */
import { setPriority } from "node:os";
import { prepareAttacker, type Scene } from "../test/hostile/attacks.ts";
import { RUN } from "../test/hostile/examples.ts";
import { linesOf, print } from "./harness.ts";
import { CallerParty } from "./hostile-party.ts";
import { ROWS } from "./hostile-rows.ts";

/** Real attackers use other machines and do not compete with the server for the CPU. */
setPriority(5);
const [, , portText = "", ircPortText = "", victim = "", sceneText = "{}"] = process.argv;
const ports = { port: Number(portText), ircPort: Number(ircPortText) };
const scene: Scene = JSON.parse(sceneText);

interface Account {
  readonly party: CallerParty;
  readonly facts: Awaited<ReturnType<typeof prepareAttacker>>;
  readonly token: string;
  readonly ircPassword: string;
}

let made = 0;

async function newAccount(): Promise<Account> {
  const user = `a${RUN}${(++made).toString(36)}`;
  const party = await CallerParty.register(ports.port, user);
  const facts = await prepareAttacker(party, user, victim, scene);
  const { token } = await party.ask("invite", { post: facts.ownRoom });
  const { password } = await party.ask("irc-password", {});
  return { party, facts, token: String(token), ircPassword: String(password) };
}

const crowd: Account[] = [];
const input = linesOf(Bun.stdin.stream());
for (;;) {
  const { value, done } = await input.next();
  if (done === true || value === undefined) break;
  const { row, links, accounts } = JSON.parse(value) as {
    readonly row: string;
    readonly links: number;
    readonly accounts: number;
  };
  // A single attacker has its limits per hour in each row; the accounts of a crowd are shared.
  while (accounts > 1 && crowd.length < accounts) crowd.push(await newAccount());
  const chosen = accounts === 1 ? [await newAccount()] : crowd.slice(0, accounts);
  const counts = { accepted: 0, refused: 0 };
  let isEnded = false;
  const attack = ROWS.get(row);
  if (attack === undefined) throw new Error(`unknown row ${row}`);
  const parties: CallerParty[] = [];
  const work: Promise<void>[] = [];
  const attackers: Parameters<typeof attack>[0][] = [];
  for (const account of chosen) {
    for (let link = 0; link < links; link++) {
      const party = await account.party.again(account.facts.user);
      parties.push(party);
      attackers.push({ ...ports, ...account, party, links, isEnded: () => isEnded });
    }
  }
  // The first ones would use up the limits of their address before the others have logged in.
  for (const attacker of attackers) work.push(attack(attacker, counts));
  print("ready");
  await input.next();
  isEnded = true;
  await Promise.race([Promise.allSettled(work), Bun.sleep(1_000)]);
  print(JSON.stringify(counts));
  for (const party of parties) party.close();
  if (accounts === 1) for (const { party } of chosen) party.close();
}
process.exit(0);
