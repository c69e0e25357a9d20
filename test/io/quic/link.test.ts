import { afterAll } from "bun:test";
import { linkCompliance } from "../link/link-compliance.ts";
import { RelayedPlace } from "../quic-place.ts";
import { CALM, MILD } from "../udp-relay.ts";

const calm = new RelayedPlace(CALM);
const mild = new RelayedPlace(MILD);
afterAll(() => {
  calm.close();
  mild.close();
});

linkCompliance("quic", calm);
linkCompliance("quic through a mild relay", mild);
