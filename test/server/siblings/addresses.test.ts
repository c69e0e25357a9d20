import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  SIBLING_BATCH_MS,
  SIBLING_FORGET_MS,
  SIBLING_PRESENCE_INTERVAL_MS,
} from "../../../src/base/limits-cluster.ts";
import type { SiblingMessage } from "../../../src/server/kernel/siblings.ts";
import type { ClientConnection } from "../../../src/server/session/client-connection.ts";
import {
  ClusterAddresses,
  type ClusterAddressesOptions,
} from "../../../src/server/siblings/remote-sessions.ts";
import type { ServerAddress } from "../../../src/wire/invite.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const at = (host: string, port = 2428): ServerAddress => ({ host, port });
const OWN = at("10.0.0.1");

class AddressesFixture {
  readonly clock = new VirtualClock();
  readonly published: SiblingMessage[] = [];
  readonly sent: string[][] = [];
  readonly changes: (readonly ServerAddress[])[] = [];
  own: ServerAddress | undefined = OWN;
  stoppedBy: Fault | undefined;
  readonly addresses = new ClusterAddresses({
    clock: this.clock,
    siblings: { publish: (message: SiblingMessage) => this.published.push(message) },
    sequencer: { stoppedBy: () => this.stoppedBy },
    addresses: () => (this.own === undefined ? [] : [this.own]),
    peers: { members: () => [this.clientAt("10.0.0.9")] },
    onChange: (places) => this.changes.push(places),
  } as Pick<ClusterAddressesOptions, "clock" | "onChange"> as ClusterAddressesOptions);

  clientAt(host: string, sent = this.sent): ClientConnection {
    const notify = ({ places }: { places: ServerAddress[] }) =>
      sent.push(places.map((p) => p.host));
    return { link: { remote: { host, port: 1 } }, notify } as unknown as ClientConnection;
  }

  sentTo(host: string): string[] {
    const sent: string[][] = [];
    this.addresses.sendTo(this.clientAt(host, sent));
    return sent[0] ?? [];
  }
}

test("sends the addresses of the cluster when they change", async () => {
  const fixture = new AddressesFixture();
  const { clock, addresses, published, sent } = fixture;
  addresses.start();
  expect(published.splice(0)).toEqual([{ kind: "place", place: OWN }]);
  expect(sent.splice(0)).toEqual([["10.0.0.1"]]);
  addresses.receive("b", at("10.0.0.2"));
  addresses.receive("c", at("10.0.0.3"));
  addresses.receive("b", at("10.0.0.2"));
  await clock.advance(SIBLING_BATCH_MS);
  expect(published.splice(0)).toEqual([{ kind: "place", place: OWN }]);
  expect(sent.splice(0)).toEqual([["10.0.0.1", "10.0.0.2", "10.0.0.3"]]);
  addresses.receive("c", undefined);
  await clock.advance(SIBLING_BATCH_MS);
  expect(sent.splice(0)).toEqual([["10.0.0.1", "10.0.0.2"]]);
  await clock.advance(10 * SIBLING_FORGET_MS);
  expect(sent).toEqual([]);
  addresses.receive("d", at("10.0.0.4"));
  await clock.advance(SIBLING_BATCH_MS);
  expect(sent.splice(0)).toEqual([["10.0.0.1", "10.0.0.2", "10.0.0.4"]]);
  await clock.advance(SIBLING_PRESENCE_INTERVAL_MS);
  expect(sent.splice(0)).toEqual([["10.0.0.1", "10.0.0.4"]]);
  expect(fixture.changes.at(-1)).toEqual([OWN, at("10.0.0.4")]);
  published.length = 0;
  addresses.stop();
  await clock.advance(SIBLING_FORGET_MS);
  expect(published).toEqual([{ kind: "place" }]);
});

test("omits a server that is read-only or has no address", async () => {
  const fixture = new AddressesFixture();
  const { clock, addresses, published } = fixture;
  fixture.own = undefined;
  addresses.start();
  expect([published.splice(0), fixture.sentTo("10.0.0.9")]).toEqual([[{ kind: "place" }], []]);
  fixture.own = OWN;
  addresses.onAddressesChange();
  expect(published.splice(0)).toEqual([{ kind: "place", place: OWN }]);
  fixture.stoppedBy = new Fault("cluster-diverged", "diverged");
  addresses.receive("b", at("10.0.0.2"));
  await clock.advance(SIBLING_PRESENCE_INTERVAL_MS);
  expect(published.at(-1)).toEqual({ kind: "place" });
  expect(fixture.sentTo("10.0.0.9")).toEqual(["10.0.0.2"]);
});

test("sends only addresses that the client can reach", () => {
  const open = new AddressesFixture();
  open.addresses.receive("b", at("127.0.0.1"));
  open.addresses.receive("c", at("chat.example", 443));
  expect(open.sentTo("127.0.0.1")).toEqual(["10.0.0.1", "127.0.0.1", "chat.example"]);
  expect(open.sentTo("10.9.9.9")).toEqual(["10.0.0.1", "chat.example"]);
  expect(open.sentTo("198.51.100.7")).toEqual(["chat.example"]);
});
