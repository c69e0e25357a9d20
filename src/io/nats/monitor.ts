/** State of a NATS server: its settings, and whether it responds. */

import { connect } from "node:net";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CLUSTER_ANSWER_TIMEOUT_MS } from "../../base/limits-cluster.ts";
import { formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { parseObject } from "../../wire/record.ts";
import type { Refusal } from "../cluster/majority.ts";
import { ifPossible } from "../promises.ts";
import { jetStreamOff, serverFull } from "./refusals.ts";

const NATS_MONITOR_BYTES_MAX = 1024 * 1024;

const NATS_MONITOR_MS = 3_000;

export interface NatsSettings {
  readonly name: string;
  readonly version: string;
  readonly isSynced: boolean;
}

/**
 * @throws {Fault} unreachable if no NATS server with JetStream answers
 * @see https://docs.nats.io/running-a-nats-service/nats_admin/monitoring
 */
export async function readNatsSettings(url: string): Promise<NatsSettings> {
  let variables: Variables | undefined;
  try {
    variables = await readVariables(url);
  } catch (cause) {
    throw new Fault("unreachable", `NATS monitoring does not answer at ${url}`, {
      cause,
      remedy: "set http: 8222 in its configuration, and check --nats-monitor",
    });
  }
  const settings = settingsIn(variables);
  if (settings !== undefined) return settings;
  const { server_name: name, jetstream } = variables ?? {};
  if (typeof name === "string" && isObject(jetstream)) {
    const { message, remedy } = jetStreamOff(cleanText(name));
    throw new Fault("unreachable", message, { remedy });
  }
  throw new Fault(
    "unreachable",
    `${url} is not the monitoring port of a NATS server with JetStream`,
    { remedy: "check --nats-monitor" },
  );
}

/**
 * Reads why a NATS server stores nothing, which others experience as a stream without a leader.
 * @returns `undefined` if no server reports such a reason, or none answers
 */
export async function storageRefusal(urls: readonly string[]): Promise<Refusal | undefined> {
  const answers = await Promise.all(urls.map((url) => ifPossible(readVariables(url))));
  for (const { server_name: name, jetstream } of answers.filter((answer) => answer !== undefined)) {
    if (typeof name !== "string" || !isObject(jetstream)) continue;
    const { config, stats } = jetstream as MonitoredServer;
    if (!isObject(config)) return jetStreamOff(cleanText(name));
    const { max_storage: max } = config;
    const used = stats?.storage;
    if (typeof max === "number" && typeof used === "number" && max > 0 && used >= max)
      return serverFull(cleanText(name), formatSize(max));
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

async function textOf({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of body ?? []) {
    sizeBytes += part.length;
    if (sizeBytes > NATS_MONITOR_BYTES_MAX) return "";
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

type Variables = Readonly<Record<string, unknown>>;

async function readVariables(url: string): Promise<Variables | undefined> {
  const answer = await fetch(`${url.replace(/(?<!\/)\/+$/, "")}/varz`, {
    signal: AbortSignal.timeout(NATS_MONITOR_MS),
    redirect: "error",
  });
  return parseObject(utf8Encode(await textOf(answer)));
}

function settingsIn(variables: Variables | undefined): NatsSettings | undefined {
  const { server_name: name, version, jetstream } = variables ?? {};
  const config = (jetstream as MonitoredServer | null | undefined)?.config;
  if (typeof name !== "string" || typeof version !== "string") return undefined;
  if (typeof config !== "object" || config === null) return undefined;
  return { name, version, isSynced: config.sync_always === true };
}

interface MonitoredServer {
  readonly config?: { readonly sync_always?: unknown; readonly max_storage?: unknown } | null;
  readonly stats?: { readonly storage?: unknown };
}

const PORT_DEFAULT = 4222;

export async function unresponsiveServers(urls: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(urls.map(answersNats));
  return urls.filter((_, at) => answers[at] !== true);
}

async function answersNats(url: string): Promise<boolean> {
  // With `handshake_first`, the server sends nothing before TLS, so a successful connection must
  // suffice.
  const sign = url.startsWith("tls:") ? "connect" : "data";
  return (await firstSign(url, sign)) !== undefined;
}

/** Text by which a server greets and answers a client of NATS; empty without an answer. */
export async function greetingOf(url: string): Promise<string> {
  return (await firstSign(url, "data", GREETING)) ?? "";
}

/**
 * A reason for which the server ends the connection directly follows its first line. Ports for
 * other NATS servers refuse a client if it states its language.
 */
const GREETING = { text: 'CONNECT {"lang":"chat","version":"0"}\r\nPING\r\n', waitMs: 200 };

/** @returns the text that the server sent; `undefined` if there is no such sign within a second */
function firstSign(
  url: string,
  sign: "connect" | "data",
  sent = { text: "", waitMs: 0 },
): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: port === "" ? PORT_DEFAULT : Number(port) });
    let text: string | undefined;
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    let timer = setTimeout(end, CLUSTER_ANSWER_TIMEOUT_MS);
    socket.once("connect", () => socket.write(sent.text));
    socket.on(sign, (data?: Uint8Array) => {
      if (text === undefined) {
        clearTimeout(timer);
        timer = setTimeout(end, sent.waitMs);
      }
      text = `${text ?? ""}${String(data ?? "")}`.slice(0, GREETING_CHARS_MAX);
    });
    socket.once("error", end);
    socket.once("end", end);
  });
}

const GREETING_CHARS_MAX = 16_384;
