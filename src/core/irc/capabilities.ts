/** IRCv3 capabilities of the gateway, as bits of one number. */

export const MULTILINE_BYTES_MAX = 64 << 10;
export const MULTILINE_LINES_MAX = 500;

/** In the order in which `CAP LS` lists them. */
const NAMES = {
  accountNotify: "account-notify",
  accountTag: "account-tag",
  awayNotify: "away-notify",
  batch: "batch",
  capNotify: "cap-notify",
  rename: "draft/channel-rename",
  history: "draft/chathistory",
  playback: "draft/event-playback",
  redaction: "draft/message-redaction",
  multiline: "draft/multiline",
  draftNoNames: "draft/no-implicit-names",
  preAway: "draft/pre-away",
  readMarker: "draft/read-marker",
  echo: "echo-message",
  extendedJoin: "extended-join",
  extendedMonitor: "extended-monitor",
  inviteNotify: "invite-notify",
  label: "labeled-response",
  tags: "message-tags",
  multiPrefix: "multi-prefix",
  noNames: "no-implicit-names",
  sasl: "sasl",
  time: "server-time",
  setName: "setname",
  standardReplies: "standard-replies",
  hostsInNames: "userhost-in-names",
} as const;
type Capability = keyof typeof NAMES;

const VALUES: Partial<Record<Capability, string>> = {
  multiline: `max-bytes=${MULTILINE_BYTES_MAX},max-lines=${MULTILINE_LINES_MAX}`,
  sasl: "PLAIN",
};
const KEYS = Object.keys(NAMES) as Capability[];

export const CAP = Object.fromEntries(KEYS.map((key, at) => [key, 1 << at])) as Readonly<
  Record<Capability, number>
>;

/** Capabilities that change how a record of a room is rendered. */
export const RENDER_CAPS =
  CAP.tags |
  CAP.time |
  CAP.batch |
  CAP.accountTag |
  CAP.extendedJoin |
  CAP.inviteNotify |
  CAP.multiline |
  CAP.redaction |
  CAP.rename;

/** @param withValues true for a client of version 302 or later */
export function capabilityList(withValues: boolean): string[] {
  return KEYS.map((key) => {
    const value = withValues ? VALUES[key] : undefined;
    return value === undefined ? NAMES[key] : `${NAMES[key]}=${value}`;
  });
}

export function capabilityNames(caps: number): string[] {
  return KEYS.filter((key) => (caps & CAP[key]) !== 0).map((key) => NAMES[key]);
}

/** Returns the capabilities after `CAP REQ`, or `undefined` if the whole request is refused. */
export function requestedCapabilities(caps: number, request: string): number | undefined {
  let next = caps;
  for (const word of request.split(" ").filter((part) => part !== "")) {
    const isRemoval = word.startsWith("-");
    const name = isRemoval ? word.slice(1) : word;
    const key = KEYS.find((candidate) => NAMES[candidate] === name);
    if (key === undefined) return undefined;
    next = isRemoval ? next & ~CAP[key] : next | CAP[key];
  }
  return next;
}
