/** Assembles announcements from the DNS records of a service (RFC 6763). */

// A reflector between networks sends the records of one service in several responses.

import { SERVICES_READ_MAX } from "../../base/limits.ts";
import { setNewest } from "../../core/evict.ts";
import type { ReceivedAnnouncement, ServiceType } from "../../wire/announcement.ts";

/** Part of what the library's decoder returns. */
export interface MdnsResponse {
  readonly answers: readonly MdnsRecord[];
  readonly additionals: readonly MdnsRecord[];
}

interface MdnsRecord {
  readonly type: string;
  readonly name: string;
  readonly ttl?: number;
  readonly data?: unknown;
}

interface ServiceLocation {
  readonly port: number;
  /** Key of the host's addresses. */
  readonly host: string;
}

interface Instance {
  readonly label: string;
  location?: ServiceLocation | undefined;
  text?: Readonly<Record<string, string>>;
  /** Last announcement returned, as JSON. */
  returned?: string;
}

export class ServiceRecords {
  readonly #suffix: string;
  /** Keyed by sender and name, so that nobody can complete the records of another sender. */
  readonly #instances = new Map<string, Instance>();
  readonly #addresses = new Map<string, readonly string[]>();

  constructor(serviceType: ServiceType) {
    this.#suffix = `._${serviceType}._tcp.local`;
  }

  /** Returns the announcements that the response completes or changes. */
  add({ answers, additionals }: MdnsResponse, sender: string): ReceivedAnnouncement[] {
    const touched = new Set<string>();
    const addresses = new Map<string, string[]>();
    for (const { type, name, data, ttl = 0 } of [...answers, ...additionals]) {
      const key = keyOf(sender, name);
      if (type === "A" || type === "AAAA") {
        const known = addresses.get(key) ?? [];
        if (typeof data === "string" && ttl > 0) addresses.set(key, [...known, data]);
      } else if (this.#addRecord({ type, name, data, ttl }, sender)) {
        touched.add(key);
      }
    }
    for (const [key, found] of addresses) {
      setNewest(this.#addresses, key, found, SERVICES_READ_MAX);
    }
    if (addresses.size > 0) {
      for (const [key, { location }] of this.#instances) {
        if (location !== undefined && addresses.has(location.host)) touched.add(key);
      }
    }
    return [...touched].flatMap((key) => this.#changed(key, sender) ?? []);
  }

  #addRecord({ type, name, data, ttl }: MdnsRecord, sender: string): boolean {
    if (type !== "SRV" && type !== "TXT") return false;
    if (!name.toLowerCase().endsWith(this.#suffix)) return false;
    const key = keyOf(sender, name);
    if (ttl === 0) {
      this.#instances.delete(key);
      return false;
    }
    const instance = this.#instances.get(key) ?? { label: name.slice(0, -this.#suffix.length) };
    if (type === "TXT") instance.text = readText(data);
    else instance.location = readLocation(data, sender);
    setNewest(this.#instances, key, instance, SERVICES_READ_MAX);
    return true;
  }

  #changed(key: string, sender: string): ReceivedAnnouncement | undefined {
    const instance = this.#instances.get(key);
    if (instance?.location === undefined || instance.text === undefined) return undefined;
    const { label, location, text } = instance;
    const addresses = this.#addresses.get(location.host) ?? [];
    const announcement = { label, port: location.port, addresses, sender, text };
    const returned = JSON.stringify(announcement);
    if (returned === instance.returned) return undefined;
    instance.returned = returned;
    return announcement;
  }
}

function keyOf(sender: string, name: string): string {
  return `${sender} ${name.toLowerCase()}`;
}

function readLocation(data: unknown, sender: string): ServiceLocation | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  if (!("port" in data && "target" in data)) return undefined;
  const { port, target } = data;
  if (typeof port !== "number" || typeof target !== "string") return undefined;
  return { port, host: keyOf(sender, target) };
}

/** RFC 6763, sections 6.3 and 6.4: the first of equal keys counts. */
function readText(data: unknown): Readonly<Record<string, string>> {
  const fields = new Map<string, string>();
  for (const bytes of Array.isArray(data) ? data : [data]) {
    if (!(bytes instanceof Uint8Array)) continue;
    const field = Buffer.from(bytes).toString();
    const at = field.indexOf("=");
    const key = field.slice(0, at).toLowerCase();
    if (at > 0 && !fields.has(key)) fields.set(key, field.slice(at + 1));
  }
  return Object.fromEntries(fields);
}
