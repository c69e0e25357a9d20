import { LazyModule } from "../shell/lazy.ts";

/** Loads after the sign-in form, which works without it. */
export const trustOffer = new LazyModule(() => import("./offer.tsx"));
