/** What happens to machines. Each returns when all of it is over, and everything runs again. */
import { until } from "../../test/event.ts";
import { type Machine, type Part, statusOf } from "./machines.ts";
import type { Typist } from "./typist.ts";

export interface Scene {
  readonly machines: readonly Machine[];
  readonly typists: readonly Typist[];
  /** At least 0, and less than 1. */
  readonly dice: () => number;
  /** How long something is stopped, full or cut off. */
  readonly stopMs: number;
  /** What did not go as it should. */
  readonly complain: (sentence: string) => void;
}

export interface Trouble {
  readonly name: string;
  /** @returns the machines whose users had to wait for their own server */
  readonly happen: (scene: Scene) => Promise<readonly Machine[]>;
}

/** A service manager starts it again, soon or after a while. */
const DOWN_MS_MAX = 5_000;
const SKEWS = ["+10m", "-10m", "-1h", "+1d", "-30d"];
const FILLED_EVERY_MS = 300;
const REFUSED_WITHIN_MS = 10_000;
const READ_WITHIN_MS = 15_000;

export const TROUBLES: readonly Trouble[] = [
  {
    name: "kill -9 of the NATS server that leads the stream",
    happen: async (scene) => {
      const leader = await leaderOf(scene);
      await killed(scene, [[leader, "nats"]]);
      return [];
    },
  },
  {
    name: "kill -9 of a NATS server that follows",
    happen: async (scene) => {
      const leader = await leaderOf(scene);
      const others = scene.machines.filter((one) => one !== leader);
      await killed(scene, [[pick(scene, others), "nats"]]);
      return [];
    },
  },
  {
    name: "kill -9 of a chat serve",
    happen: async (scene) => {
      const machine = pick(scene, scene.machines);
      await killed(scene, [[machine, "chat"]]);
      return [machine];
    },
  },
  {
    name: "kill -9 of all chat serve",
    happen: async (scene) => {
      await killed(scene, of(scene.machines, "chat"));
      return scene.machines;
    },
  },
  {
    name: "kill -9 of all six",
    happen: async (scene) => {
      await killed(scene, [...of(scene.machines, "nats"), ...of(scene.machines, "chat")]);
      return scene.machines;
    },
  },
  {
    name: "kill -9 of a machine's both, of the leader's",
    happen: async (scene) => {
      const leader = await leaderOf(scene);
      await killed(scene, [
        [leader, "nats"],
        [leader, "chat"],
      ]);
      return [leader];
    },
  },
  {
    name: "kill -9 of the leader, and of the next one",
    happen: async (scene) => {
      const leader = await leaderOf(scene);
      await killed(scene, [[leader, "nats"]]);
      await killed(scene, [[await leaderOf(scene), "nats"]]);
      return [];
    },
  },
  {
    name: "SIGSTOP of the NATS server that leads the stream",
    happen: async (scene) => {
      await stopped(scene, [[await leaderOf(scene), "nats"]]);
      return [];
    },
  },
  {
    name: "SIGSTOP of a NATS server that follows",
    happen: async (scene) => {
      const leader = await leaderOf(scene);
      const others = scene.machines.filter((one) => one !== leader);
      await stopped(scene, [[pick(scene, others), "nats"]]);
      return [];
    },
  },
  {
    name: "SIGSTOP of a chat serve",
    happen: async (scene) => {
      const machine = pick(scene, scene.machines);
      await stopped(scene, [[machine, "chat"]]);
      return [machine];
    },
  },
  {
    name: "a full disk under a chat serve",
    happen: async (scene) => {
      const machine = pick(scene, scene.machines);
      try {
        await Promise.all([filled(scene, machine, ["chat"]), reads(scene, machine)]);
        // A full disk and a crash come together.
        if (scene.dice() < 0.5) await machine.kill("chat");
      } finally {
        machine.free("chat");
      }
      if (!machine.isRunning("chat")) await machine.startChat();
      return [machine];
    },
  },
  {
    name: "a full disk under both of a machine",
    happen: async (scene) => {
      const machine = scene.dice() < 0.5 ? await leaderOf(scene) : pick(scene, scene.machines);
      try {
        await Promise.all([filled(scene, machine, ["nats", "chat"]), reads(scene, machine)]);
      } finally {
        machine.free("nats");
        machine.free("chat");
      }
      // NATS gives its stream up where the disk was full, until it starts anew.
      await machine.kill("nats");
      machine.startNats();
      if (!machine.isRunning("chat")) await machine.startChat();
      return [machine];
    },
  },
  {
    name: "a wrong clock of a chat serve",
    happen: async (scene) => {
      const machine = pick(scene, scene.machines);
      await machine.kill("chat");
      await machine.startChat(pick(scene, SKEWS));
      await Bun.sleep(scene.stopMs);
      await killed(scene, [[machine, "chat"]]);
      return [machine];
    },
  },
  {
    name: "a machine's cable is pulled",
    happen: async (scene) => {
      const machine = scene.dice() < 0.5 ? await leaderOf(scene) : pick(scene, scene.machines);
      machine.plug("down");
      try {
        await Promise.all([Bun.sleep(scene.stopMs), refuses(scene, machine)]);
      } finally {
        machine.plug("up");
      }
      return [machine];
    },
  },
  {
    name: "SIGSTOP of two of three NATS servers",
    happen: async (scene) => {
      const running = pick(scene, scene.machines);
      const others = scene.machines.filter((one) => one !== running);
      await stopped(scene, of(others, "nats"), async () => {
        await Promise.all(scene.machines.map((one) => refuses(scene, one)));
      });
      return scene.machines;
    },
  },
];

function pick<One>({ dice }: Scene, some: readonly One[]): One {
  const one = some[Math.floor(dice() * some.length)];
  if (one === undefined) throw new Error("there is none to choose from");
  return one;
}

function of(machines: readonly Machine[], part: Part): (readonly [Machine, Part])[] {
  return machines.map((machine) => [machine, part] as const);
}

/** All at once, and each starts again after a while of its own. */
async function killed(scene: Scene, victims: readonly (readonly [Machine, Part])[]): Promise<void> {
  await Promise.all(victims.map(([machine, part]) => machine.kill(part)));
  const waits = victims.map(() => scene.dice() * DOWN_MS_MAX);
  await Promise.all(
    victims.map(async ([machine, part], i) => {
      await Bun.sleep(waits[i] ?? 0);
      if (part === "nats") machine.startNats();
      else await machine.startChat();
    }),
  );
}

async function stopped(
  { stopMs }: Scene,
  victims: readonly (readonly [Machine, Part])[],
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (const [machine, part] of victims) machine.signal(part, "SIGSTOP");
  try {
    await Promise.all([Bun.sleep(stopMs), meanwhile()]);
  } finally {
    for (const [machine, part] of victims) machine.signal(part, "SIGCONT");
  }
}

/** What is kept in reserve there is filled up, too. */
async function filled(scene: Scene, machine: Machine, parts: readonly Part[]): Promise<void> {
  const end = performance.now() + scene.stopMs;
  while (performance.now() < end) {
    for (const part of parts) machine.fill(part);
    await Bun.sleep(FILLED_EVERY_MS);
  }
}

/** The machine whose NATS server leads the stream. */
async function leaderOf({ machines }: Scene): Promise<Machine> {
  let at = 0;
  return await until("the stream has a leader", async () => {
    const asked = machines[at++ % machines.length];
    if (asked === undefined) return undefined;
    const status = await statusOf(asked);
    const leader = status.find((one) => one.kind === "stream")?.leader;
    return machines.find(({ name }) => name === leader);
  });
}

/** One of its own whose client did not go elsewhere when it was down. */
function userAt({ typists }: Scene, machine: Machine): Typist | undefined {
  return typists.find((one) => one.machine === machine && one.place === machine.place);
}

/** It says that it cannot write, and is read as before. */
async function refuses(scene: Scene, machine: Machine): Promise<void> {
  const user = userAt(scene, machine);
  if (user === undefined) return;
  const refused = user.refused("no-majority");
  user.say(`/topic r${Math.floor(scene.dice() * 1e9)}`);
  const late = Bun.sleep(REFUSED_WITHIN_MS).then(() => "late");
  if ((await Promise.race([refused, late])) === "late") {
    scene.complain(`${machine.name} did not say no-majority within ${REFUSED_WITHIN_MS} ms`);
  }
  await reads(scene, machine);
}

/** A user who comes now is shown what was said. */
async function reads(scene: Scene, machine: Machine): Promise<void> {
  const user = userAt(scene, machine);
  if (user === undefined) return;
  const began = performance.now();
  const args = ["history", "--room", "lobby", "--last", "1", "--json", "--server", machine.invite];
  const late = Bun.sleep(READ_WITHIN_MS).then(() => undefined);
  const ran = await Promise.race([machine.chat(user.home, ...args, "--user", user.name), late]);
  const ms = Math.round(performance.now() - began);
  if (ran === undefined) scene.complain(`${machine.name} is not read within ${ms} ms`);
  else if (ran.exitCode !== 0) scene.complain(`${machine.name} is not read: ${ran.err}`);
}
