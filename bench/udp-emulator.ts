/**
 * Wire between two TUN devices, with an emulated bottleneck, delay, loss, duplication and
 * reordering. Started by udp-path.ts; the process ends with its input.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";

export interface Path {
  readonly name: string;
  readonly roundTripMs: number;
  readonly loss: number;
  readonly duplicated: number;
  readonly reordered: number;
}

const BYTES_PER_MS = 50_000; // 400 Mbit/s.
const QUEUE_MS = 40;
const REORDER_MS = 5;
const SLOT_BYTES = 2_048;
const SLOTS = 16_384;
const BATCH = 64;

const TUNSETIFF = 0x400454ca;
const IFF_TUN_NO_PI = 0x1001;
const O_RDWR_NONBLOCK = 0x802;

const { symbols: libc } = dlopen("libc.so.6", {
  open: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  read: { args: [FFIType.i32, FFIType.u64, FFIType.u64], returns: FFIType.i64_fast },
  write: { args: [FFIType.i32, FFIType.u64, FFIType.u64], returns: FFIType.i64_fast },
  poll: { args: [FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
});

const slots = new Uint8Array(SLOTS * SLOT_BYTES);
const base = ptr(slots);
const free = Array.from({ length: SLOTS }, (_, i) => i);

function openTun(name: string): number {
  const fd = libc.open(ptr(Buffer.from("/dev/net/tun\0")), O_RDWR_NONBLOCK);
  const request = Buffer.alloc(40);
  request.write(name, "latin1");
  request.writeUInt16LE(IFF_TUN_NO_PI, 16);
  if (fd < 0 || libc.ioctl(fd, TUNSETIFF, ptr(request)) < 0) throw new Error(`no device ${name}`);
  return fd;
}

interface Packet {
  readonly slot: number;
  readonly sizeBytes: number;
  readonly due: number;
}

class PacketQueue {
  #packets: Packet[] = [];
  #next = 0;

  push(packet: Packet): void {
    this.#packets.push(packet);
  }

  get first(): Packet | undefined {
    return this.#packets[this.#next];
  }

  shift(): void {
    this.#next += 1;
    if (this.#next < 4_096) return;
    this.#packets = this.#packets.slice(this.#next);
    this.#next = 0;
  }
}

class Direction {
  readonly #path: Path;
  readonly #from: number;
  readonly #to: number;
  readonly #queues = [new PacketQueue(), new PacketQueue()] as const;
  #busyUntil = 0;

  constructor(path: Path, from: number, to: number) {
    this.#path = path;
    this.#from = from;
    this.#to = to;
  }

  receive(): void {
    for (let i = 0; i < BATCH; i++) {
      const slot = free.pop();
      if (slot === undefined) return;
      const sizeBytes = libc.read(this.#from, base + slot * SLOT_BYTES, SLOT_BYTES);
      if (Number(sizeBytes) <= 0) return void free.push(slot);
      this.#schedule(slot, Number(sizeBytes), performance.now());
    }
  }

  deliverDue(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.#queues) {
      for (let packet = lane.first; packet !== undefined; packet = lane.first) {
        if (packet.due > now) {
          next = Math.min(next, packet.due);
          break;
        }
        libc.write(this.#to, base + packet.slot * SLOT_BYTES, packet.sizeBytes);
        free.push(packet.slot);
        lane.shift();
      }
    }
    return next;
  }

  #schedule(slot: number, sizeBytes: number, now: number): void {
    const { loss, duplicated, reordered, roundTripMs } = this.#path;
    const start = Math.max(now, this.#busyUntil);
    if (start - now > QUEUE_MS || Math.random() < loss) return void free.push(slot);
    this.#busyUntil = start + sizeBytes / BYTES_PER_MS;
    const due = this.#busyUntil + roundTripMs / 2;
    const isReordered = Math.random() < reordered;
    this.#queues[isReordered ? 1 : 0].push({
      slot,
      sizeBytes,
      due: isReordered ? due + REORDER_MS : due,
    });
    if (Math.random() >= duplicated) return;
    const copy = free.pop();
    if (copy === undefined) return;
    const at = slot * SLOT_BYTES;
    slots.copyWithin(copy * SLOT_BYTES, at, at + sizeBytes);
    this.#queues[0].push({ slot: copy, sizeBytes, due });
  }
}

const [name = "", left = "", right = ""] = process.argv.slice(2);
if (name !== "") {
  const path = JSON.parse(name) as Path;
  const [a, b] = [openTun(left), openTun(right)];
  process.stdout.write("ready\n");
  process.stdin.on("end", () => process.exit(0)).resume();
  const directions = [new Direction(path, a, b), new Direction(path, b, a)] as const;
  const polled = new Int32Array([a, 1, b, 1]); // Two `struct pollfd`, each with POLLIN.
  let yieldedAt = performance.now();
  const turn = () => {
    for (;;) {
      for (const direction of directions) direction.receive();
      const now = performance.now();
      const next = Math.min(...directions.map((direction) => direction.deliverDue(now)));
      if (now - yieldedAt > 100) break; // Yields, so that the end of the input is noticed.
      polled[1] = polled[3] = 1;
      libc.poll(ptr(polled), 2, next === Number.POSITIVE_INFINITY ? 20 : next - now > 1 ? 1 : 0);
    }
    yieldedAt = performance.now();
    setImmediate(turn);
  };
  turn();
}
