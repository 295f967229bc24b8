import { expect, test } from "bun:test";
import { promotionPlaces } from "./places.ts";

const paths = { home: "/h", promotions: "/h/dream_lab/promotions", dreamArtifacts: "/a/dream" };

test("promotions wait in the home and among D-REAM's artifacts, whose acknowledgements stand beside", () => {
  expect(promotionPlaces(paths, { directories: [] })).toEqual([
    { path: "/h/dream_lab/promotions", acks: "/h/dream_lab/promotions/acknowledged" },
    { path: "/a/dream/promotions", acks: "/a/dream/promotions_ack" },
  ]);
});

test("configured directories are relative to the home, and looked through once each", () => {
  const places = promotionPlaces(paths, { directories: ["p", "/h/p", "/a/dream/promotions/"] });
  expect(places).toEqual([
    { path: "/h/p", acks: "/h/p/acknowledged" },
    { path: "/a/dream/promotions", acks: "/a/dream/promotions_ack" },
  ]);
});
