import type { Client } from "../../src/client/client.ts";
import { MemoryLink } from "../../src/io/link/memory-link.ts";
import type { Device } from "./device.ts";
import { OPERATOR_TOKEN } from "./machine.ts";
import { askQuestion } from "./questions.ts";
import { drawQuestion, PEOPLE, ROOMS, TARGETS, type Temper } from "./temper.ts";
import { HOSTILE } from "./witness.ts";
import type { World } from "./world.ts";

interface About {
  readonly room: string;
  readonly user: string;
  readonly seq: number;
  readonly on: boolean;
}

/** What members and operators ask while they talk. */
const REQUESTED = {
  join: (of, { room }) => of.request("join", { room, create: false }),
  create: (of, { room }) => of.request("join", { room, create: true }),
  leave: (of, { room }) => of.request("leave", { room }),
  topic: (of, { room }) => of.request("topic", { room, topic: "news" }),
  history: (of) => of.history({ limit: 30 }),
  who: (of) => of.request("who", {}),
  rooms: (of) => of.request("rooms", {}),
  passwd: (of) => of.passwd("secret", "secret"),
  operate: (of) => of.request("operate", { token: OPERATOR_TOKEN }),
  edit: (of, { seq }) => of.request("edit", { seq, text: "better" }),
  erase: (of, { seq }) => of.request("erase", { seq }),
  react: (of, { seq }) => of.post("lobby", { text: "", react: "+1", re: seq }),
  kick: (of, { room, user }) => of.request("kick", { room, user }),
  mute: (of, { room, user, on }) => of.request("mute", { room, user, on }),
  grant: (of, { room, user, on }) => of.request("grant", { room, user, on }),
  ban: (of, { user, on }) => of.request("ban", { user, on }),
} as const satisfies Readonly<Record<string, (of: Client, about: About) => Promise<unknown>>>;

/** @returns the request of that kind; `undefined` if it is none of these */
export function requestOf(kind: string, about: About) {
  if (!Object.hasOwn(REQUESTED, kind)) return undefined;
  return (of: Client) => REQUESTED[kind as keyof typeof REQUESTED](of, about);
}

type Kind = keyof Temper["weights"];

/** Lets something happen. Nothing is awaited: what comes of it comes when it comes. */
export function perform(kind: Kind, device: Device, world: World): void {
  if (!ofMachine(kind, world) && device.isRunning) ofDevice(kind, device, world);
}

/** @returns whether it was about the machine */
function ofMachine(kind: Kind, { dice, machine, clock, fail }: World): boolean {
  const forMs = drawMs(dice);
  switch (kind) {
    case "crash":
      if (!machine.isUp) return true;
      machine.crash(dice.chance(0.7) ? "power" : "kill", dice.chance(0.3), dice.int(3_000));
      return true;
    case "stop":
      machine.stop(dice.int(3_000)).catch(fail);
      return true;
    case "stop-within":
      machine.stopWithin(1 + dice.int(12));
      return true;
    case "full":
      machine.disk.leave(dice.int(3_000));
      clock.after(forMs, () => machine.disk.leave(1 << 30));
      return true;
    case "disk": {
      const calm = { fullPercent: 0, shortPercent: 0, brokenPercent: 0 };
      const [fullPercent, brokenPercent] = [dice.pick([0, 30]), dice.pick([0, 0, 10])];
      Object.assign(machine.weather, { fullPercent, shortPercent: 20, brokenPercent });
      clock.after(forMs, () => Object.assign(machine.weather, calm));
      return true;
    }
    default:
      return false;
  }
}

function ofDevice(kind: Kind, device: Device, world: World): void {
  const { clock, dice, machine, temper, witness } = world;
  const forMs = drawMs(dice);
  switch (kind) {
    case "post": {
      const size = () => dice.int(temper.textCharsMax);
      const count = dice.chance(temper.burst) ? 60 : 1 + dice.int(5);
      for (let i = 0; i < count; i++) device.post(dice.pick(TARGETS), Math.max(size(), size()));
      return;
    }
    case "question":
      return askQuestion(drawQuestion(dice, temper.questions), device, world);
    case "relogin":
      void device.comeAndGo();
      return;
    case "cut": {
      const isOfAll = dice.chance(0.3);
      clock.after(dice.int(20), () => {
        machine.network.cut((end) => isOfAll || end.remote.host === device.name);
      });
      return;
    }
    case "stall": {
      const { link } = device;
      if (!(link instanceof MemoryLink)) return;
      const release = (dice.chance(0.5) ? link.peer : link).stall();
      world.stalls.push(release);
      clock.after(forMs, release);
      return;
    }
    case "look-away":
      device.isAway = true;
      clock.after(forMs, () => device.look());
      return;
    case "close":
      if (device.isBusy) return;
      device.isBusy = true;
      device.close().catch(world.fail);
      return later(world, device, forMs);
    case "kill":
      device.kill(dice.chance(0.4));
      return later(world, device, forMs);
    case "wall": {
      const jumpMs = dice.int(10_000_000) - 5_000_000;
      if (dice.chance(0.5)) device.wallMs += jumpMs;
      else machine.wallMs += jumpMs;
      return;
    }
    default: {
      if (kind === "operate") witness.operates(device.home.user);
      const own = witness.idOf(device.home.user);
      const back = dice.int(8);
      const seq =
        back % 2 === 0
          ? Math.max(1, witness.records.length - back)
          : witness.wordOf(back >> 1, ({ by }) => by === own);
      const user = kind === "ban" ? HOSTILE : dice.pick(PEOPLE);
      const about = { room: dice.pick(ROOMS), user, seq, on: dice.chance(0.6) };
      const request = requestOf(kind, about);
      if (request === undefined) throw new Error(`what is ${kind}?`);
      device.ask(request);
    }
  }
}

function drawMs(dice: World["dice"]): number {
  return dice.pick([100, 2_000, 20_000, 70_000]);
}

function later(world: World, device: Device, afterMs: number): void {
  world.clock.after(afterMs, () => {
    if (!device.isRunning && !(device.isHostile && world.isCalm)) device.start();
  });
}
