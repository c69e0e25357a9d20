import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { ownInvite } from "../../../src/cli/serve/join-info.ts";
import { watchInvite } from "../../../src/cli/serve/own-invite.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { formatAddress } from "../../../src/wire/invite.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const FINGERPRINT = `${"a".repeat(42)}A` as Fingerprint;

interface Arguments {
  readonly host?: string;
  readonly public?: readonly string[];
}

function inviteAt(hosts: readonly string[], args: Arguments = {}) {
  const own = hosts.map((address) => ({ address, family: "IPv4", internal: false }) as const);
  const options = { port: 2428, fingerprint: FINGERPRINT, roomPassword: undefined, own };
  return ownInvite(
    { host: undefined, public: [], inviteVia: undefined, tls: true, ...args },
    options,
  );
}

interface Machine {
  hosts: string[];
  readonly args?: Arguments;
}

function watch(machine: Machine, onChange?: () => void) {
  const clock = new VirtualClock();
  const invites: string[] = [];
  const faults: string[] = [];
  const make = async () => inviteAt(machine.hosts, machine.args);
  const stop = watchInvite({
    clock,
    first: inviteAt(machine.hosts, machine.args),
    make,
    onChange: (invite) => {
      invites.push(formatAddress(invite));
      onChange?.();
    },
    onFault: ({ code }) => faults.push(code),
  });
  return { clock, invites, faults, stop };
}

test("reports a new address once, and the old one if it returns", async () => {
  const machine: Machine = { hosts: ["10.77.0.1"] };
  const { clock, invites, stop } = watch(machine);
  await clock.advance(60_000);
  expect(invites).toEqual([]);
  machine.hosts = ["10.77.0.9"];
  await clock.advance(60_000);
  expect(invites).toEqual(["10.77.0.9:2428"]);
  machine.hosts = ["10.77.0.1"];
  await clock.advance(60_000);
  stop();
  machine.hosts = ["10.77.0.2"];
  await clock.advance(60_000);
  expect(invites).toEqual(["10.77.0.9:2428", "10.77.0.1:2428"]);
});

test("replaces the loopback address of a start without network for ever", async () => {
  const machine: Machine = { hosts: [] };
  const { clock, invites } = watch(machine);
  machine.hosts = ["10.77.0.1"];
  await clock.advance(10_000);
  machine.hosts = [];
  await clock.advance(10_000);
  expect(invites).toEqual(["10.77.0.1:2428"]);
});

test.each([{ host: "10.77.0.1" }, { public: ["chat.example.org"] }])(
  "keeps the chosen address of %j",
  async (args) => {
    const machine: Machine = { hosts: ["10.77.0.1"], args };
    const { clock, invites } = watch(machine);
    machine.hosts = ["10.77.0.9"];
    await clock.advance(10_000);
    expect(invites).toEqual([]);
  },
);

test("continues after a full disk", async () => {
  const machine: Machine = { hosts: ["10.77.0.1"] };
  const { clock, invites, faults } = watch(machine, () => {
    throw new Fault("store-full", "the disk is full");
  });
  machine.hosts = ["10.77.0.9"];
  await clock.advance(10_000);
  machine.hosts = ["10.77.0.1"];
  await clock.advance(10_000);
  expect(invites.length).toBe(2);
  expect(faults).toEqual(["store-full", "store-full"]);
});
