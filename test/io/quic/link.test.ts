import { afterAll } from "bun:test";
import { linkCompliance } from "../link/link-compliance.ts";
import { QuicRelays } from "../quic-relays.ts";

const relays = new QuicRelays();
afterAll(() => relays.close());

linkCompliance("quic", relays);
