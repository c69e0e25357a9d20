/** Disruptions of machines. Each resolves when it is over and all services are running again. */
import { until } from "../../../test/event.ts";
import { type Machine, type Service, statusOf } from "./machines.ts";
import type { TypingClient } from "./typing-client.ts";

export interface DisruptionContext {
  readonly machines: readonly Machine[];
  readonly clients: readonly TypingClient[];
  readonly random: () => number;
  readonly stopMs: number;
  readonly reportError: (sentence: string) => void;
}

export interface Disruption {
  readonly name: string;
  readonly run: (context: DisruptionContext) => Promise<readonly Machine[]>;
}

const DOWN_MS_MAX = 5_000;
const SKEWS = ["+10m", "-10m", "-1h", "+1d", "-30d"];
const FILL_INTERVAL_MS = 300;
const REFUSAL_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 15_000;

type Target = readonly [Machine, Service];
type Choose = (context: DisruptionContext) => Promise<readonly Target[]>;

const natsLeader: Choose = async (context) => [[await leaderOf(context), "nats"]];
const natsFollower: Choose = async (context) => {
  const leader = await leaderOf(context);
  const others = context.machines.filter((machine) => machine !== leader);
  return [[pick(context, others), "nats"]];
};
const oneChat: Choose = async (context) => [[pick(context, context.machines), "chat"]];

const KILLED: Readonly<Record<string, Choose>> = {
  "the NATS leader": natsLeader,
  "a NATS follower": natsFollower,
  "a chat serve": oneChat,
  "all chat serve": async ({ machines }) => servicesOf(machines, "chat"),
  "all six processes": async ({ machines }) => [
    ...servicesOf(machines, "nats"),
    ...servicesOf(machines, "chat"),
  ],
  "NATS and chat serve on the leader's machine": async (context) => {
    const leader = await leaderOf(context);
    return [
      [leader, "nats"],
      [leader, "chat"],
    ];
  },
};

const SUSPENDED: Readonly<Record<string, Choose>> = {
  "the NATS leader": natsLeader,
  "a NATS follower": natsFollower,
  "a chat serve": oneChat,
};

/** Users of a server wait, users of NATS alone do not. */
function chatMachines(targets: readonly Target[]): Machine[] {
  return targets.flatMap(([machine, service]) => (service === "chat" ? [machine] : []));
}

export const DISRUPTIONS: readonly Disruption[] = [
  ...Object.entries(KILLED).map(([name, choose]) => ({
    name: `kill -9 of ${name}`,
    run: async (context: DisruptionContext) => {
      const targets = await choose(context);
      await killAndRestart(context, targets);
      return chatMachines(targets);
    },
  })),
  {
    name: "kill -9 of the NATS leader and then of its successor",
    run: async (context) => {
      for (let i = 0; i < 2; i++) await killAndRestart(context, await natsLeader(context));
      return [];
    },
  },
  ...Object.entries(SUSPENDED).map(([name, choose]) => ({
    name: `SIGSTOP of ${name}`,
    run: async (context: DisruptionContext) => {
      const targets = await choose(context);
      await suspend(context, targets);
      return chatMachines(targets);
    },
  })),
  {
    name: "a full disk under a chat serve",
    run: async (context) => {
      const machine = pick(context, context.machines);
      try {
        await Promise.all([keepFull(context, machine, ["chat"]), expectReadable(context, machine)]);
        if (context.random() < 0.5) await machine.kill("chat");
      } finally {
        machine.free("chat");
      }
      if (!machine.isRunning("chat")) await machine.startChat();
      return [machine];
    },
  },
  {
    name: "a full disk under NATS and chat serve",
    run: async (context) => {
      const machine =
        context.random() < 0.5 ? await leaderOf(context) : pick(context, context.machines);
      try {
        await Promise.all([
          keepFull(context, machine, ["nats", "chat"]),
          expectReadable(context, machine),
        ]);
      } finally {
        machine.free("nats");
        machine.free("chat");
      }
      // NATS abandons a stream after a full disk until it restarts.
      await machine.kill("nats");
      machine.startNats();
      if (!machine.isRunning("chat")) await machine.startChat();
      return [machine];
    },
  },
  {
    name: "a wrong clock for a chat serve",
    run: async (context) => {
      const machine = pick(context, context.machines);
      await machine.kill("chat");
      await machine.startChat(pick(context, SKEWS));
      await Bun.sleep(context.stopMs);
      await killAndRestart(context, [[machine, "chat"]]);
      return [machine];
    },
  },
  {
    name: "a disconnected machine",
    run: async (context) => {
      const machine =
        context.random() < 0.5 ? await leaderOf(context) : pick(context, context.machines);
      machine.setLink("down");
      try {
        await Promise.all([Bun.sleep(context.stopMs), expectRefusal(context, machine)]);
      } finally {
        machine.setLink("up");
      }
      return [machine];
    },
  },
  {
    name: "SIGSTOP of two of three NATS servers",
    run: async (context) => {
      const running = pick(context, context.machines);
      const others = context.machines.filter((machine) => machine !== running);
      await suspend(context, servicesOf(others, "nats"), async () => {
        await Promise.all(context.machines.map((machine) => expectRefusal(context, machine)));
      });
      return context.machines;
    },
  },
];

function pick<Item>({ random }: DisruptionContext, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
}

function servicesOf(machines: readonly Machine[], service: Service): Target[] {
  return machines.map((machine) => [machine, service] as const);
}

async function killAndRestart(
  context: DisruptionContext,
  targets: readonly Target[],
): Promise<void> {
  await Promise.all(targets.map(([machine, service]) => machine.kill(service)));
  const delaysMs = targets.map(() => context.random() * DOWN_MS_MAX);
  await Promise.all(
    targets.map(async ([machine, service], i) => {
      await Bun.sleep(delaysMs[i] ?? 0);
      if (service === "nats") machine.startNats();
      else await machine.startChat();
    }),
  );
}

async function suspend(
  { stopMs }: DisruptionContext,
  targets: readonly Target[],
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (const [machine, service] of targets) machine.signal(service, "SIGSTOP");
  try {
    await Promise.all([Bun.sleep(stopMs), meanwhile()]);
  } finally {
    for (const [machine, service] of targets) machine.signal(service, "SIGCONT");
  }
}

async function keepFull(
  context: DisruptionContext,
  machine: Machine,
  services: readonly Service[],
): Promise<void> {
  const end = performance.now() + context.stopMs;
  while (performance.now() < end) {
    for (const service of services) machine.fill(service);
    await Bun.sleep(FILL_INTERVAL_MS);
  }
}

async function leaderOf({ machines }: DisruptionContext): Promise<Machine> {
  let at = 0;
  return await until("the stream has a leader", async () => {
    const machine = machines[at++ % machines.length];
    if (machine === undefined) return undefined;
    const status = await statusOf(machine);
    const leader = status.find((entry) => entry.kind === "stream")?.leader;
    return machines.find(({ name }) => name === leader);
  });
}

function userAt({ clients }: DisruptionContext, machine: Machine): TypingClient | undefined {
  return clients.find(
    (client) => client.machine === machine && client.serverAddress === machine.serverAddress,
  );
}

async function expectRefusal(context: DisruptionContext, machine: Machine): Promise<void> {
  const user = userAt(context, machine);
  if (user === undefined) return;
  const refused = user.refused("no-majority");
  user.sendLine(`/topic r${Math.floor(context.random() * 1e9)}`);
  const timeout = Bun.sleep(REFUSAL_TIMEOUT_MS).then(() => "timeout");
  if ((await Promise.race([refused, timeout])) === "timeout") {
    context.reportError(
      `${machine.name} did not refuse with no-majority within ${REFUSAL_TIMEOUT_MS} ms`,
    );
  }
  await expectReadable(context, machine);
}

async function expectReadable(context: DisruptionContext, machine: Machine): Promise<void> {
  const user = userAt(context, machine);
  if (user === undefined) return;
  const startedAt = performance.now();
  const args = ["history", "--room", "lobby", "--last", "1", "--json", "--server", machine.invite];
  const timeout = Bun.sleep(READ_TIMEOUT_MS).then(() => undefined);
  const result = await Promise.race([
    machine.chat(user.home, ...args, "--user", user.name),
    timeout,
  ]);
  const ms = Math.round(performance.now() - startedAt);
  if (result === undefined) context.reportError(`${machine.name} cannot be read within ${ms} ms`);
  else if (result.exitCode !== 0)
    context.reportError(`${machine.name} cannot be read: ${result.err}`);
}
