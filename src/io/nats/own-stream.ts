/** Checks that the NATS server of a connection has the stream of this cluster. */

import { type JetStreamManager, jetstreamManager, type StreamInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import { CLUSTER_ANSWER_TIMEOUT_MS, CLUSTER_LEASE_MS } from "../../base/limits-cluster.ts";
import { counted } from "../../base/sizes.ts";
import type { Clock } from "../clock.ts";
import { type Refusal, RefusedByNats } from "../cluster/majority.ts";
import { ifPossible, settled, sharedRun } from "../promises.ts";
import { JETSTREAM_OFF } from "./refusals.ts";
import {
  checkSubjects,
  findStream,
  hasNoReceiver,
  logSubject,
  majorityOf,
  quorumAgeMs,
  waitForLeader,
} from "./stream-lookup.ts";

export interface OwnStreamOptions {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly name: string;
  readonly cluster: string;
  /** Addresses of all NATS servers of the cluster. */
  readonly servers: readonly string[];
  readonly connectTo: (server: string) => Promise<NatsConnection>;
  /** Fingerprint of this cluster; `undefined` until it is made. */
  readonly fingerprint: () => string | undefined;
  /** The stream is only inspected, and may have any identity. */
  readonly isInspected: boolean;
  /** Whether the stream existed before, so that its loss is a fault. */
  readonly isKnown?: boolean;
  /** Creates the stream; `undefined` if another connection does. */
  readonly create?: (replicasBefore?: number) => Promise<void>;
  /** Called after this server created a stream that had existed before. */
  readonly onRecreated?: () => void;
}

/** Reason why nothing is written to a NATS server. */
class NotOurNats extends RefusedByNats {
  constructor(
    refusal: Refusal,
    /** Whether another address would not help. */
    readonly isFinal: boolean,
  ) {
    super(refusal);
  }
}

/** `unanswered` counts as trusted for messages that NATS does not store. */
type Result = "checked" | "refused" | "unanswered";

/**
 * A connection may lead to the NATS of another cluster, for example after an address was given to
 * another machine. Nothing is written to it, and another address is tried.
 */
export class OwnStream {
  #result: { readonly key: string; readonly result: Result } | undefined;
  #refusal: RefusedByNats | undefined;
  #isKnown: boolean;
  #replicas: number | undefined;
  #diagnosing: Promise<void> | undefined;

  constructor(private readonly options: OwnStreamOptions) {
    this.#isKnown = options.isKnown ?? false;
  }

  /** Why this NATS is not that of the cluster. */
  get refusal(): Refusal | undefined {
    if (this.#refusal === undefined) return undefined;
    const { message, remedy } = this.#refusal;
    return { message, remedy };
  }

  get fingerprint(): string | undefined {
    return this.options.fingerprint();
  }

  /** False from the end of a connection until the next one is checked. */
  get isChecked(): boolean {
    return this.#resultNow === "checked";
  }

  /** Also true of NATS servers that have no leader to answer. */
  get isTrusted(): boolean {
    return this.isChecked || this.#resultNow === "unanswered";
  }

  get #resultNow(): Result | undefined {
    return this.#result?.key === this.#key ? this.#result.result : undefined;
  }

  /** Differs between connections. */
  get #key(): string {
    const { info } = this.options.connection;
    return info === undefined ? "none" : `${info.server_id} ${info.client_id}`;
  }

  /**
   * @throws {Fault} data-foreign or no-majority if this NATS is not that of the cluster, and other
   * errors if it does not answer
   */
  async check(): Promise<void> {
    if (!this.isChecked) await this.info();
  }

  /** Checks the connection again at its next use, because the stream may have been removed. */
  invalidate(): void {
    this.#result = undefined;
  }

  /** Creates a missing stream. Errors as for `check`. */
  async info(): Promise<StreamInfo> {
    const key = this.#key;
    try {
      const found = await this.#find();
      this.#note(key, "checked", undefined);
      this.#isKnown = true;
      this.#replicas = found.config.num_replicas;
      return found;
    } catch (error) {
      if (error instanceof Fault) {
        const refusal = error instanceof RefusedByNats ? error : undefined;
        this.#note(key, "refused", refusal);
      } else if (hasNoReceiver(error)) this.#note(key, "unanswered", jetStreamOffFault());
      else if (!this.isChecked) this.#note(key, "unanswered", this.#refusal);
      throw error;
    }
  }

  #note(key: string, result: Result, refusal: RefusedByNats | undefined): void {
    this.#result = { key, result };
    this.#refusal = refusal;
  }

  /**
   * Connects to another address if this NATS server has no contact with the majority that others
   * have, for example because only the routes between the servers are cut.
   */
  readonly leaveIfCutOff = sharedRun(() => this.#leave());

  async #leave(): Promise<void> {
    const { manager, connection, servers } = this.options;
    const key = this.#key;
    const hasMajority = async (asked: JetStreamManager) => {
      const found = await findStream(asked, this.options.name);
      return found !== undefined && this.#isOwn(found) && quorumAgeMs(found) < CLUSTER_LEASE_MS;
    };
    if ((await ifPossible(hasMajority(manager))) === true) return;
    const answers = servers.map((server) => ifPossible(this.#asking(server, hasMajority)));
    const isElsewhere = (await Promise.all(answers)).includes(true);
    // The library tries the addresses in turn.
    if (isElsewhere && key === this.#key) await connection.reconnect();
  }

  async #find(): Promise<StreamInfo> {
    const { manager, name } = this.options;
    const found = await findStream(manager, name);
    if (found !== undefined && this.#isOwn(found)) return found;
    this.#diagnosing ??= this.#diagnose(found).finally(() => {
      this.#diagnosing = undefined;
    });
    await this.#diagnosing;
    return await manager.streams.info(name);
  }

  #isOwn({ config }: StreamInfo): boolean {
    const own = this.options.fingerprint();
    if (this.options.isInspected) return true;
    return own !== undefined && config.description === describeIdentity(own);
  }

  async #diagnose(found: StreamInfo | undefined): Promise<void> {
    const { name, cluster, servers, manager, connection, create, onRecreated, isInspected } =
      this.options;
    if (isInspected) {
      await checkSubjects(manager, [logSubject(cluster)]);
      throw new Fault("not-found", `no cluster named '${cluster}'`);
    }
    const places = this.options.fingerprint() === undefined ? [] : await this.#survey();
    const owner = servers.find((_, at) => places[at] === "own");
    if (owner !== undefined) {
      const here = connection.getServer();
      // The next attempt uses another address.
      await connection.reconnect();
      const message = `the NATS server at ${here} lacks the stream ${name}, which ${owner} has`;
      const remedy = "connect both by routes in their configuration, or remove it from --nats";
      throw new NotOurNats({ message, remedy }, false);
    }
    if (found !== undefined) throw this.#foreignFault();
    if (create === undefined) throw new Error(`no stream ${name}`);
    const lacking = places.filter((place) => place === "none").length;
    if (this.#isKnown && lacking < majorityOf(servers.length)) {
      const silent = counted(servers.length - lacking, "other NATS server");
      const here = connection.getServer();
      const lack = `the NATS server at ${here} lacks the stream ${name}`;
      const message = `${lack}, and ${silent} cannot say if they have it`;
      throw new NotOurNats({ message, remedy: "start all NATS servers" }, false);
    }
    await this.#create(create);
    if (this.#isKnown) onRecreated?.();
  }

  async #create(create: (replicasBefore?: number) => Promise<void>): Promise<void> {
    try {
      await create(this.#replicas);
    } catch (error) {
      if (!this.#isKnown || !(error instanceof Fault) || error instanceof RefusedByNats)
        throw error;
      const { connection, name } = this.options;
      const here = connection.getServer();
      const message = `the NATS server at ${here} lacks the stream ${name}: ${error.message}`;
      throw new NotOurNats({ message, remedy: error.remedy }, false);
    }
  }

  /** Asks each address separately, because each may lead to different NATS servers. */
  async #survey(): Promise<readonly ("own" | "foreign" | "none" | undefined)[]> {
    const { servers, name } = this.options;
    return await Promise.all(
      servers.map((server) =>
        ifPossible(
          this.#asking(server, async (manager) => {
            const found = await findStream(manager, name);
            if (found === undefined) return "none";
            return this.#isOwn(found) ? "own" : "foreign";
          }),
        ),
      ),
    );
  }

  async #asking<Value>(
    server: string,
    ask: (manager: JetStreamManager) => Promise<Value>,
  ): Promise<Value> {
    const connection = await this.options.connectTo(server);
    try {
      const timeout = CLUSTER_ANSWER_TIMEOUT_MS;
      return await ask(await jetstreamManager(connection, { timeout, checkAPI: false }));
    } finally {
      await settled(connection.close());
    }
  }

  #foreignFault(): Fault {
    const { cluster, fingerprint, connection } = this.options;
    const place = `the cluster '${cluster}' at ${connection.getServer()}`;
    const message =
      fingerprint() === undefined
        ? `${place} has an identity, but this data folder has none`
        : `${place} and this data folder have different identities`;
    return new NotOurNats({ message, remedy: this.#isKnown ? CHECK_ADDRESSES : COPY }, true);
  }
}

function jetStreamOffFault(): RefusedByNats {
  return new RefusedByNats(JETSTREAM_OFF);
}

const CHECK_ADDRESSES = "check --nats: the NATS of a different cluster has this address";
const COPY =
  "copy identity.key and settings.json from a node's data folder, or set a different --cluster";

export function describeIdentity(fingerprint: string): string {
  return `identity ${fingerprint}`;
}

/**
 * Waits for a leader, and tries the next address if one leads to a NATS server without the stream.
 * @throws {Fault} data-foreign if NATS is that of another cluster, and the faults of waitForLeader
 */
export async function waitForOwn(
  clock: Clock,
  subject: string,
  isReady: () => Promise<boolean>,
  withinMs?: number,
): Promise<void> {
  let refusal: NotOurNats | undefined;
  const isOwnReady = async () => {
    refusal = undefined;
    try {
      return await isReady();
    } catch (error) {
      if (!(error instanceof NotOurNats)) throw error;
      refusal = error;
      if (!error.isFinal) return false;
      throw new Fault("data-foreign", error.message, { remedy: error.remedy });
    }
  };
  try {
    await waitForLeader(clock, subject, isOwnReady, withinMs);
  } catch (error) {
    if (refusal?.isFinal === false) throw refusal;
    throw hasNoReceiver(error) ? jetStreamOffFault() : error;
  }
}
