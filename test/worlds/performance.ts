import { MemoryLink } from "../../src/io/link/memory-link.ts";
import type { Device } from "./device.ts";
import { OPERATOR_TOKEN } from "./machine.ts";
import type { Operation } from "./operation.ts";
import { askQuestion } from "./questions.ts";
import { visit } from "./stranger.ts";
import { HOSTILE } from "./witness.ts";
import type { World } from "./world.ts";

type Of<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

/** Lets an operation happen. Nothing is awaited: what comes of it comes when it comes. */
export function perform(operation: Operation, world: World): void {
  if ("by" in operation && operation.by !== undefined) {
    const device = world.devices[operation.by];
    if (device?.isRunning === true) ofDevice(operation, device, world);
    return;
  }
  ofMachine(operation, world);
}

function ofDevice(operation: Operation, device: Device, world: World): void {
  const { clock } = world;
  switch (operation.kind) {
    case "post":
      for (const { to, sizeChars } of operation.posts) device.post(to, sizeChars);
      return;
    case "join":
    case "create":
    case "leave":
    case "topic":
    case "history":
    case "who":
    case "rooms":
    case "passwd":
      return ask(operation, device);
    case "operate":
    case "edit":
    case "erase":
    case "react":
    case "kick":
    case "mute":
    case "grant":
    case "ban":
      return keepOrder(operation, device, world);
    case "question":
      return askQuestion(operation.question, device, world);
    case "relogin":
      void device.comeAndGo();
      return;
    case "cut": {
      const host = device.name;
      clock.after(operation.afterMs, () => {
        world.machine.network.cut((end) => end.remote.host === host);
      });
      return;
    }
    case "stall":
      return stall(operation, device, world);
    case "look-away":
      device.isAway = true;
      clock.after(operation.forMs, () => device.look());
      return;
    case "close":
      if (device.isBusy) return;
      device.isBusy = true;
      device.close().catch((error: unknown) => world.fail(error));
      return later(world, device, operation.forMs);
    case "kill":
      device.kill(operation.isSilent);
      return later(world, device, operation.forMs);
    case "wall":
      device.wallMs += operation.jumpMs;
      return;
    default:
      return;
  }
}

function ask(operation: Operation, device: Device): void {
  switch (operation.kind) {
    case "join":
    case "create": {
      const create = operation.kind === "create";
      device.ask((client) => client.request("join", { room: operation.room, create }));
      return;
    }
    case "leave":
      device.ask((client) => client.request("leave", { room: operation.room }));
      return;
    case "topic":
      device.ask((client) => client.request("topic", { room: operation.room, topic: "news" }));
      return;
    case "history":
      device.ask((client) => client.history({ limit: 30 }));
      return;
    case "who":
      device.ask((client) => client.request("who", {}));
      return;
    case "rooms":
      device.ask((client) => client.request("rooms", {}));
      return;
    case "passwd":
      device.ask((client) => client.passwd("secret", "secret"));
      return;
    default:
      return;
  }
}

function keepOrder(operation: Operation, device: Device, { witness }: World): void {
  switch (operation.kind) {
    case "operate":
      witness.operates(device.home.user);
      device.ask((client) => client.request("operate", { token: OPERATOR_TOKEN }));
      return;
    case "edit":
    case "erase":
    case "react": {
      const { back } = operation;
      const user = witness.idOf(device.home.user);
      const newest = Math.max(1, witness.records.length - back);
      const seq = back % 2 === 0 ? newest : witness.wordOf(back >> 1, ({ by }) => by === user);
      device.ask((client) => {
        if (operation.kind === "erase") return client.request("erase", { seq });
        if (operation.kind === "edit") return client.request("edit", { seq, text: "better" });
        return client.post("lobby", { text: "", react: "+1", re: seq });
      });
      return;
    }
    case "kick":
      device.ask((client) => {
        const { room, user } = operation;
        return client.request("kick", { room, user });
      });
      return;
    case "mute":
    case "grant":
      device.ask((client) => {
        const { kind, room, user, on } = operation;
        return client.request(kind, { room, user, on });
      });
      return;
    case "ban":
      device.ask((client) => client.request("ban", { user: HOSTILE, on: operation.on }));
      return;
    default:
      return;
  }
}

function later(world: World, device: Device, afterMs: number): void {
  world.clock.after(afterMs, () => {
    if (!device.isRunning && !(device.isHostile && world.isCalm)) device.start();
  });
}

function stall({ toServer, forMs }: Of<"stall">, device: Device, world: World): void {
  const { link } = device;
  if (!(link instanceof MemoryLink)) return;
  const release = (toServer ? link.other : link).stall();
  world.stalls.push(release);
  world.clock.after(forMs, release);
}

function stranger({ trick, forMs }: Of<"stranger">, world: World): void {
  const { machine, clock, around } = world;
  const until = new Promise<void>((resolve) => clock.after(forMs, resolve));
  visit(trick, around, machine.dialFrom("stranger"), until).catch(around.fail);
}

function ofMachine(operation: Operation, world: World): void {
  const { machine, clock } = world;
  switch (operation.kind) {
    case "cut":
      clock.after(operation.afterMs, () => machine.network.cut());
      return;
    case "crash": {
      const { power, isSilent, awayMs } = operation;
      if (machine.isUp) machine.crash(power ? "power" : "kill", isSilent, awayMs);
      return;
    }
    case "stop":
      machine.stop(operation.awayMs).catch((error: unknown) => world.fail(error));
      return;
    case "stop-within":
      machine.stopWithin(operation.calls);
      return;
    case "full":
      machine.disk.leave(operation.bytes);
      clock.after(operation.forMs, () => machine.disk.leave(1 << 30));
      return;
    case "disk": {
      const { full, short, broken } = operation;
      const calm = { fullPercent: 0, shortPercent: 0, brokenPercent: 0 };
      const bad = { fullPercent: full, shortPercent: short, brokenPercent: broken };
      Object.assign(machine.weather, bad);
      clock.after(operation.forMs, () => Object.assign(machine.weather, calm));
      return;
    }
    case "stranger":
      return stranger(operation, world);
    case "wall":
      machine.wallMs += operation.jumpMs;
      return;
    default:
      return;
  }
}
