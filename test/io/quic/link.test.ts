import { afterAll } from "bun:test";
import { linkCompliance } from "../link/link-compliance.ts";
import { QuicRelays } from "../quic-relays.ts";
import { CALM, MILD } from "../udp-relay.ts";

const calm = new QuicRelays(CALM);
const mild = new QuicRelays(MILD);
afterAll(() => {
  calm.close();
  mild.close();
});

linkCompliance("quic", calm);
linkCompliance("quic through a mild relay", mild);
