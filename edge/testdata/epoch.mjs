// The whole Worker, started with the clock of clock.mjs, which therefore comes first.
import { run } from "./clock.mjs";
import worker from "../worker.mjs";

export default {
  fetch(request, env, ctx) {
    run();
    return worker.fetch(request, env, ctx);
  },
};
