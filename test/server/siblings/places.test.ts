import { expect, test } from "bun:test";
import {
  SIBLING_BATCH_MS,
  SIBLING_FORGET_MS,
  SIBLING_PRESENCE_INTERVAL_MS,
} from "../../../src/base/limits-cluster.ts";
import type { SiblingMessage } from "../../../src/server/kernel/siblings.ts";
import type { ClientConnection } from "../../../src/server/session/client-connection.ts";
import { ClusterPlaces, type ClusterPlacesOptions } from "../../../src/server/siblings/places.ts";
import type { ServerPlace } from "../../../src/wire/invite.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const at = (host: string, port = 2428): ServerPlace => ({ host, port });
const OWN = at("10.0.0.1");

class PlacesFixture {
  readonly clock = new VirtualClock();
  readonly said: SiblingMessage[] = [];
  readonly told: string[][] = [];
  readonly changes: (readonly ServerPlace[])[] = [];
  own: ServerPlace | undefined = OWN;
  isFollowing = true;
  readonly places = new ClusterPlaces({
    clock: this.clock,
    siblings: { publish: (message: SiblingMessage) => this.said.push(message) },
    sequencer: { isFollowing: () => this.isFollowing },
    places: () => (this.own === undefined ? [] : [this.own]),
    peers: { members: () => [this.from("10.0.0.9")] },
    changed: (places) => this.changes.push(places),
  } as Pick<ClusterPlacesOptions, "clock" | "changed"> as ClusterPlacesOptions);

  from(host: string, told = this.told): ClientConnection {
    const tell = ({ places }: { places: ServerPlace[] }) => told.push(places.map((p) => p.host));
    return { link: { remote: { host, port: 1 } }, tell } as unknown as ClientConnection;
  }

  toldFrom(host: string): string[] {
    const told: string[][] = [];
    this.places.entered(this.from(host, told));
    return told[0] ?? [];
  }
}

test("sends the addresses of the cluster when they change", async () => {
  const fixture = new PlacesFixture();
  const { clock, places, said, told } = fixture;
  places.start();
  expect(said.splice(0)).toEqual([{ kind: "place", place: OWN }]);
  expect(told.splice(0)).toEqual([["10.0.0.1"]]);
  places.heard("b", at("10.0.0.2"));
  places.heard("c", at("10.0.0.3"));
  places.heard("b", at("10.0.0.2"));
  await clock.advance(SIBLING_BATCH_MS);
  expect(said.splice(0)).toEqual([{ kind: "place", place: OWN }]);
  expect(told.splice(0)).toEqual([["10.0.0.1", "10.0.0.2", "10.0.0.3"]]);
  places.heard("c", undefined);
  await clock.advance(SIBLING_BATCH_MS);
  expect(told.splice(0)).toEqual([["10.0.0.1", "10.0.0.2"]]);
  await clock.advance(10 * SIBLING_FORGET_MS);
  expect(told).toEqual([]);
  places.heard("d", at("10.0.0.4"));
  await clock.advance(SIBLING_BATCH_MS);
  expect(told.splice(0)).toEqual([["10.0.0.1", "10.0.0.2", "10.0.0.4"]]);
  await clock.advance(SIBLING_PRESENCE_INTERVAL_MS);
  expect(told.splice(0)).toEqual([["10.0.0.1", "10.0.0.4"]]);
  expect(fixture.changes.at(-1)).toEqual([OWN, at("10.0.0.4")]);
  said.length = 0;
  places.stop();
  await clock.advance(SIBLING_FORGET_MS);
  expect(said).toEqual([{ kind: "place" }]);
});

test("omits a server that is read-only or has no address", async () => {
  const fixture = new PlacesFixture();
  const { clock, places, said } = fixture;
  fixture.own = undefined;
  places.start();
  expect([said.splice(0), fixture.toldFrom("10.0.0.9")]).toEqual([[{ kind: "place" }], []]);
  fixture.own = OWN;
  places.placed();
  expect(said.splice(0)).toEqual([{ kind: "place", place: OWN }]);
  fixture.isFollowing = false;
  places.heard("b", at("10.0.0.2"));
  await clock.advance(SIBLING_PRESENCE_INTERVAL_MS);
  expect(said.at(-1)).toEqual({ kind: "place" });
  expect(fixture.toldFrom("10.0.0.9")).toEqual(["10.0.0.2"]);
});

test("sends only addresses that the client can reach", () => {
  const open = new PlacesFixture();
  open.places.heard("b", at("127.0.0.1"));
  open.places.heard("c", at("chat.example", 443));
  expect(open.toldFrom("127.0.0.1")).toEqual(["10.0.0.1", "127.0.0.1", "chat.example"]);
  expect(open.toldFrom("10.9.9.9")).toEqual(["10.0.0.1", "chat.example"]);
  expect(open.toldFrom("198.51.100.7")).toEqual(["chat.example"]);
});
