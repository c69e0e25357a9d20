import type { Client } from "../../src/client/client.ts";
import { MemoryLink } from "../../src/io/link/memory-network.ts";
import type { Device } from "./device.ts";
import { OPERATOR_TOKEN } from "./machine.ts";
import { drawRequest, PEOPLE, type Profile, ROOMS, TARGETS } from "./profile.ts";
import { HOSTILE } from "./reference-model.ts";
import { ruleChange, sendRequest } from "./requests.ts";
import type { World } from "./world.ts";

interface About {
  readonly room: string;
  readonly user: string;
  readonly seq: number;
  readonly on: boolean;
}

const DEVICE_REQUESTS = {
  join: (of, { room }) => of.request("join", { room, create: false }),
  create: (of, { room }) => of.request("join", { room, create: true }),
  leave: (of, { room }) => of.request("leave", { room }),
  topic: (of, { room }) => of.request("topic", { room, topic: "a topic" }),
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
  rules: (of, { room, on, seq }) => of.request("rules", { room, ...ruleChange(on, seq) }),
  knock: (of, { room }) => of.request("knock", { room, on: true }),
  ban: (of, { user, on }) => of.request("ban", { user, on }),
} as const satisfies Readonly<Record<string, (of: Client, about: About) => Promise<unknown>>>;

export function requestOf(kind: string, about: About) {
  if (!Object.hasOwn(DEVICE_REQUESTS, kind)) return undefined;
  return (of: Client) => DEVICE_REQUESTS[kind as keyof typeof DEVICE_REQUESTS](of, about);
}

type Kind = keyof Profile["weights"];

export function perform(kind: Kind, device: Device, world: World): void {
  if (!performOnMachine(kind, world) && device.isRunning) performOnDevice(kind, device, world);
}

function performOnMachine(kind: Kind, { random, machine, clock, fail }: World): boolean {
  const forMs = drawMs(random);
  switch (kind) {
    case "crash":
      if (!machine.isUp) return true;
      machine.crash(random.chance(0.7) ? "power" : "kill", random.chance(0.3), random.int(3_000));
      return true;
    case "stop":
      machine.stop(random.int(3_000)).catch(fail);
      return true;
    case "stop-within":
      machine.stopWithin(1 + random.int(12));
      return true;
    case "full":
      machine.disk.leave(random.int(3_000));
      clock.after(forMs, () => machine.disk.leave(1 << 30));
      return true;
    case "disk": {
      const calm = { fullPercent: 0, shortPercent: 0, brokenPercent: 0 };
      const [fullPercent, brokenPercent] = [random.pick([0, 30]), random.pick([0, 0, 10])];
      Object.assign(machine.weather, { fullPercent, shortPercent: 20, brokenPercent });
      clock.after(forMs, () => Object.assign(machine.weather, calm));
      return true;
    }
    default:
      return false;
  }
}

function performOnDevice(kind: Kind, device: Device, world: World): void {
  const { clock, random, machine, temper, model } = world;
  const forMs = drawMs(random);
  switch (kind) {
    case "post": {
      const size = () => random.int(temper.textCharsMax);
      const count = random.chance(temper.burst) ? 60 : 1 + random.int(5);
      for (let i = 0; i < count; i++) device.post(random.pick(TARGETS), Math.max(size(), size()));
      return;
    }
    case "question":
      return sendRequest(drawRequest(random, temper.questions), device, world);
    case "relogin":
      void device.relogin();
      return;
    case "cut": {
      const isOfAll = random.chance(0.3);
      clock.after(random.int(20), () => {
        machine.network.cut((end) => isOfAll || end.remote.host === device.name);
      });
      return;
    }
    case "stall": {
      const { link } = device;
      if (!(link instanceof MemoryLink)) return;
      const release = (random.chance(0.5) ? link.peer : link).stall();
      world.stalls.push(release);
      clock.after(forMs, release);
      return;
    }
    case "look-away":
      device.isPaused = true;
      clock.after(forMs, () => device.resumeReading());
      return;
    case "close":
      if (device.isBusy) return;
      device.isBusy = true;
      device.close().catch(world.fail);
      return restartLater(world, device, forMs);
    case "kill":
      device.kill(random.chance(0.4));
      return restartLater(world, device, forMs);
    case "wall": {
      const jumpMs = random.int(10_000_000) - 5_000_000;
      if (random.chance(0.5)) device.wallMs += jumpMs;
      else machine.wallMs += jumpMs;
      return;
    }
    default: {
      if (kind === "operate") model.addOperator(device.home.user);
      const own = model.idOf(device.home.user);
      const back = random.int(8);
      const seq =
        back % 2 === 0
          ? Math.max(1, model.records.length - back)
          : model.messageSeq(back >> 1, ({ by }) => by === own);
      const user = kind === "ban" ? HOSTILE : random.pick(PEOPLE);
      const ruled = kind === "rules" ? model.roomsModeratedBy(own) : [];
      const about = {
        room: random.pick(ruled.length > 0 ? ruled : ROOMS),
        user,
        seq,
        on: random.chance(0.6),
      };
      const request = requestOf(kind, about);
      if (request === undefined) throw new Error(`what is ${kind}?`);
      device.request(request);
    }
  }
}

function drawMs(random: World["random"]): number {
  return random.pick([100, 2_000, 20_000, 70_000]);
}

function restartLater(world: World, device: Device, afterMs: number): void {
  world.clock.after(afterMs, () => {
    if (!device.isRunning && !(device.isHostile && world.isCalm)) device.start();
  });
}
