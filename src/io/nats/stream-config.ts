/** Settings of the cluster's stream, and how those found in NATS differ. */

import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { Fault } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";

export const REPLICAS = 3;
export const DUPLICATE_WINDOW_NS = 120e9;

interface Setting {
  readonly name: string;
  readonly isOurs: (config: StreamConfig, info: ExpectedSettings) => boolean;
  readonly found: (config: StreamConfig) => string;
  /** Flags of `nats stream edit`; `undefined` if it cannot restore the setting. */
  readonly flags: ((info: ExpectedSettings) => string) | undefined;
}

export interface ExpectedSettings {
  readonly subject: string;
  /** Undefined for other streams, and with a NATS version that cannot republish them safely. */
  readonly republishedAs?: string | undefined;
  /** Differences from the settings of the log. */
  readonly discard?: DiscardPolicy;
  readonly perSubjectMax?: number;
  /** The operator may limit the stream. */
  readonly hasOwnLimit?: boolean;
  readonly messageBytesMin?: number;
  /** False with a single NATS server. */
  readonly isReplicated: boolean;
}

const isUnlimited = (limit: number | undefined) => (limit ?? 0) <= 0;

function limit(
  name: "max_msgs" | "max_bytes",
  isOurs: (expected: ExpectedSettings) => boolean = () => false,
): Setting {
  return {
    name,
    isOurs: (config, expected) => isUnlimited(config[name]) || isOurs(expected),
    found: (config) => String(config[name]),
    flags: () => `--${name.replaceAll("_", "-")}=-1`,
  };
}

/** The other settings do not affect messages. */
const SETTINGS: readonly Setting[] = [
  {
    name: "subjects",
    isOurs: ({ subjects = [] }, { subject }) => subjects.length === 1 && subjects[0] === subject,
    found: ({ subjects = [] }) => subjects.join(" ") || "none",
    flags: ({ subject }) => `--subjects=${subject}`,
  },
  limit("max_msgs"),
  {
    name: "max_msgs_per_subject",
    isOurs: ({ max_msgs_per_subject: max }, { perSubjectMax = -1 }) =>
      isUnlimited(max) ? perSubjectMax === -1 : max === perSubjectMax,
    found: ({ max_msgs_per_subject }) => String(max_msgs_per_subject),
    flags: ({ perSubjectMax = -1 }) => `--max-msgs-per-subject=${perSubjectMax}`,
  },
  limit("max_bytes", ({ hasOwnLimit = false }) => hasOwnLimit),
  {
    name: "max_age",
    isOurs: ({ max_age }) => isUnlimited(max_age),
    found: ({ max_age }) => `${max_age / 1e9} s`,
    flags: () => "--max-age=0",
  },
  {
    name: "max_msg_size",
    isOurs: ({ max_msg_size: max }, { messageBytesMin = Number.POSITIVE_INFINITY }) =>
      isUnlimited(max) || max >= messageBytesMin,
    found: ({ max_msg_size }) => String(max_msg_size),
    flags: ({ messageBytesMin = -1 }) => `--max-msg-size=${messageBytesMin}`,
  },
  {
    name: "discard",
    isOurs: (config, { discard = DiscardPolicy.New }) => config.discard === discard,
    found: ({ discard }) => discard,
    flags: ({ discard = DiscardPolicy.New }) => `--discard=${discard}`,
  },
  {
    name: "duplicate_window",
    isOurs: ({ duplicate_window }, { perSubjectMax }) =>
      // The other streams recognise repeats by their subjects.
      perSubjectMax !== undefined || duplicate_window >= DUPLICATE_WINDOW_NS,
    // A mirror has no window.
    found: ({ duplicate_window = 0 }) => `${duplicate_window / 1e9} s`,
    flags: () => "--dupe-window=2m",
  },
  {
    name: "num_replicas",
    isOurs: ({ num_replicas }, { isReplicated }) => !isReplicated || num_replicas >= REPLICAS,
    found: ({ num_replicas }) => String(num_replicas),
    flags: () => `--replicas=${REPLICAS}`,
  },
  {
    name: "republish",
    isOurs: ({ republish }, { subject, republishedAs }) =>
      republishedAs === undefined ||
      (republish?.src === subject && republish.dest === republishedAs),
    found: ({ republish }) =>
      republish === undefined ? "off" : `${republish.src} to ${republish.dest}`,
    flags: ({ subject, republishedAs }) =>
      `--republish-source=${subject} --republish-destination=${republishedAs}`,
  },
  {
    name: "retention",
    isOurs: ({ retention }) => retention === RetentionPolicy.Limits,
    found: ({ retention }) => retention,
    flags: undefined,
  },
  {
    name: "storage",
    isOurs: ({ storage }) => storage === StorageType.File,
    found: ({ storage }) => storage,
    flags: undefined,
  },
  {
    name: "sealed",
    isOurs: ({ sealed }) => sealed !== true,
    found: () => "true",
    flags: undefined,
  },
  {
    name: "no_ack",
    isOurs: ({ no_ack }) => no_ack !== true,
    found: () => "true",
    flags: () => "--ack",
  },
  {
    name: "persist_mode",
    isOurs: (config) => !("persist_mode" in config) || config.persist_mode !== "async",
    found: () => "async",
    flags: undefined,
  },
  {
    name: "sources",
    isOurs: ({ sources = [], mirror }) => sources.length === 0 && mirror === undefined,
    found: ({ sources = [], mirror }) =>
      [...sources, mirror].map((source) => source?.name ?? "").join(" "),
    flags: undefined,
  },
];

/** NATS's default. The largest message takes almost as much. */
const PAYLOAD_BYTES_MIN = 1024 * 1024;

/** @returns a warning if NATS refuses messages of a size that servers publish */
export function payloadFault(payloadBytesMax: number | undefined): Fault | undefined {
  if (payloadBytesMax === undefined || payloadBytesMax >= PAYLOAD_BYTES_MIN) return undefined;
  const message = `NATS refuses messages of more than ${payloadBytesMax} bytes`;
  return new Fault("data-foreign", message, {
    remedy: "set max_payload: 1MB in the configuration of NATS and of its account",
  });
}

/** @returns a warning about a stream that somebody has removed */
export function missingFault(name: string): Fault {
  return new Fault("data-foreign", `NATS has no stream ${name} any more`, {
    remedy: "servers create it again when they need it; find out who removed it",
  });
}

/** @returns a warning with the command that restores the settings; `undefined` if they are ours */
export function settingsFault(
  { config }: Pick<StreamInfo, "config">,
  expected: ExpectedSettings,
): Fault | undefined {
  const different = SETTINGS.filter(({ isOurs }) => !isOurs(config, expected));
  if (different.length === 0) return undefined;
  const list = different.map(({ name, found }) => `${name} ${cleanText(found(config))}`);
  const edits = different.flatMap(({ flags }) => (flags === undefined ? [] : [flags(expected)]));
  const isEditable = edits.length === different.length;
  return new Fault(
    "data-foreign",
    `the stream ${config.name} has settings that lose or refuse messages: ${list.join(", ")}`,
    {
      remedy: isEditable
        ? `run nats stream edit ${config.name} ${edits.join(" ")}`
        : "stop all servers, remove the stream, and start all servers, which restore it",
    },
  );
}
