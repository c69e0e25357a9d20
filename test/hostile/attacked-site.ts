import { Fault } from "../../src/base/fault.ts";
import type { TreeDisk } from "../../src/io/disk/disk.ts";
import { type RequestFields, type RequestKind, WIRE_VERSION } from "../../src/wire/messages.ts";
import { Guest, type Keys, newKeys, registrationOf } from "../server/guest.ts";
import { FakePushService } from "../server/push/push-service.ts";
import { Site, type SiteOptions } from "../server/site.ts";
import { changedDisk } from "../worlds/changed-disk.ts";
import { type Attack, type Party, prepareAttacker, prepareVictim, type Scene } from "./attacks.ts";
import type { Facts, Fields } from "./examples.ts";

/** A simulated server with a member, its victim, and an attacker. */

/** Guesses of secrets are delayed, and an attack ends before the deadline of `Site.wait`. */
const VIRTUAL_MS_MAX = 40_000;
const POSTS = 7;
/** A calm post waits for the sync in progress, and for its own. */
const CALM_SYNCS = 2;
export const MEDIAN_SYNCS_MAX = 3 * CALM_SYNCS;
/** 300 ms with a disk of 10 ms per sync. */
export const WORST_SYNCS_MAX = 30;
export const SYNC_MS = 10;
/** Records of the victim's posts. */
export const POSTS_BYTES = POSTS * 600;

const CROWD = Array.from({ length: 14 }, (_, i) => `crowd${i}`);

export class SiteParty implements Party {
  constructor(
    readonly site: Site,
    readonly guest: Guest,
    private readonly host: string,
  ) {}

  static async open(site: Site, host: string, keys: Keys = newKeys()): Promise<SiteParty> {
    const link = await site.network.dialFrom(host)({
      host: "10.0.0.1",
      port: 2428,
      timeoutMs: 5_000,
    });
    const guest = new Guest(site, link, keys);
    const hello = { versions: [WIRE_VERSION], client: "attacker", nonce: guest.nonce };
    guest.notify({ kind: "hello", ...hello });
    while (guest.ended === undefined && guest.all("welcome").length === 0) {
      await new Promise<void>((resolve) => site.clock.after(1, resolve));
    }
    [guest.welcome] = guest.all("welcome");
    return new SiteParty(site, guest, host);
  }

  async ask(kind: RequestKind, fields: Fields): Promise<Fields> {
    if (this.guest.ended !== undefined) throw new Fault("link-closed", "the link ended");
    return await this.guest.send(kind, fields as RequestFields<typeof kind>);
  }

  raw(bytes: Uint8Array): void {
    this.guest.raw(bytes);
  }

  async channel(): Promise<Party> {
    const { ticket } = await this.guest.send("ticket", {});
    const lane = await SiteParty.open(this.site, this.host, this.guest.keys);
    await lane.guest.send("lane", { ticket });
    return lane;
  }

  link(): Promise<Party> {
    return SiteParty.open(this.site, this.host, { ...newKeys(), account: this.guest.keys.account });
  }

  registration(user: string): Fields {
    return { ...this.guest.registration(user) };
  }

  newDevice(user: string) {
    const keys = { ...newKeys(), account: this.guest.keys.account };
    const key = this.guest.welcome?.server.key ?? new Uint8Array(32);
    const { deviceKey, deviceCert } = registrationOf(keys, key, user);
    return { deviceKey, deviceCert };
  }

  close(): void {
    this.guest.hangUp();
  }
}

export interface Counts {
  accepted: number;
  /** Number of refusals by their codes. */
  readonly refused: Map<string, number>;
}

export class AttackedSite {
  readonly site: Site;
  readonly victim: Guest;
  readonly attacker: SiteParty;
  readonly facts: Facts;

  private constructor(site: Site, victim: Guest, attacker: SiteParty, facts: Facts) {
    this.site = site;
    this.victim = victim;
    this.attacker = attacker;
    this.facts = facts;
  }

  /** @param syncMs duration of each sync of the disk once everything is prepared */
  static async open(options: SiteOptions = {}, syncMs = 0): Promise<AttackedSite> {
    let isSlow = false;
    const slow = (disk: TreeDisk, clock: Site["clock"]) =>
      changedDisk(disk, {
        sync: async (file) => {
          if (isSlow) await new Promise<void>((resolve) => clock.after(syncMs, resolve));
          await file.sync();
        },
      });
    const disk = syncMs === 0 ? {} : { disk: slow };
    const push = new FakePushService();
    const site = await Site.open({
      signs: true,
      push,
      operatorToken: "token",
      ...disk,
      ...options,
    });
    const victim = await site.member("victim");
    for (const name of CROWD) (await site.member(name)).hangUp();
    const guest = await site.member("attacker");
    const attacker = new SiteParty(site, guest, "10.0.0.2");
    const scene: Scene = await site.wait(
      prepareVictim(new SiteParty(site, victim, "10.0.0.4"), CROWD),
    );
    const facts = await site.wait(prepareAttacker(attacker, "attacker", "victim", scene));
    await site.quiet();
    isSlow = true;
    return new AttackedSite(site, victim, attacker, facts);
  }

  /** Runs an attack `count` times, with `inFlight` at the same time. */
  async run(attack: Attack, count: number, inFlight: number): Promise<Counts> {
    const counts: Counts = { accepted: 0, refused: new Map() };
    await this.site.wait(this.start(attack, count, inFlight, counts));
    return counts;
  }

  async start(attack: Attack, count: number, inFlight: number, counts: Counts): Promise<void> {
    const end = this.site.clock.now() + VIRTUAL_MS_MAX;
    let next = 0;
    const ended = new Promise<void>(
      (resolve) => void this.site.clock.after(VIRTUAL_MS_MAX, resolve),
    );
    const work = async () => {
      while (next < count && this.site.clock.now() < end) {
        try {
          await Promise.race([attack(this.attacker, this.facts, next++), ended]);
          if (this.site.clock.now() >= end) return;
          counts.accepted++;
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          counts.refused.set(error.code, (counts.refused.get(error.code) ?? 0) + 1);
          // A client that is refused synchronously must not starve the clock.
          await new Promise<void>((resolve) => this.site.clock.after(1, resolve));
        }
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  }

  /**
   * Posts of the victim during an attack.
   * @returns the syncs that each waited for, sorted
   */
  async waitedSyncs(syncMs: number): Promise<readonly number[]> {
    const waited: number[] = [];
    for (let i = 0; i < POSTS; i++) {
      const startedAt = this.site.time.now();
      await this.site.wait(this.victim.post(`post ${i}`, this.facts.room));
      waited.push((this.site.time.now() - startedAt) / syncMs);
    }
    return waited.sort((a, b) => a - b);
  }

  /** Bytes of all files of the server. */
  get storedBytes(): number {
    let bytes = 0;
    for (const content of this.site.disk.backUp().values()) bytes += content?.length ?? 0;
    return bytes;
  }
}

export function median(sorted: readonly number[]): number | undefined {
  return sorted[sorted.length >> 1];
}
