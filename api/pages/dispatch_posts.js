// Posts and departments that an incident can be given to: those of its community first, then the nearest.  A post is a kind
// and a name; who sits there nobody asks.
import { askJson } from "./desk_ask.js";
import { has, metres, say } from "./desk_words.js";

const AROUND_DEG = 0.03;
const MOST = 200;
const METRES_PER_DEGREE = 111320;
const near = new Map(); // place, rounded -> what was found there

const away = (one, lon, lat) => Math.hypot((one.lon - lon) * Math.cos((lat * Math.PI) / 180), one.lat - lat) * METRES_PER_DEGREE;

async function around(lon, lat) {
  const key = `${lon.toFixed(2)},${lat.toFixed(2)}`;
  if (!near.has(key)) {
    const box = [lon - AROUND_DEG, lat - AROUND_DEG, lon + AROUND_DEG, lat + AROUND_DEG].map((one) => one.toFixed(5)).join(",");
    const asked = askJson("/collections/posts/items", { query: { bbox: box, limit: MOST }, headers: { Accept: "application/geo+json" } }).then(
      (found) => found.features.map(({ properties, geometry }) => ({ ...properties, lon: geometry.coordinates[0], lat: geometry.coordinates[1] })),
      () => {
        near.delete(key); // asked again the next time
        return [];
      },
    );
    near.set(key, asked);
  }
  return near.get(key);
}

// {id, kind, name, community, distanceM}, those of the community first, each group by distance.
export async function postsFor({ lon, lat, community }) {
  const found = (await around(lon, lat)).map((one) => ({ ...one, distanceM: away(one, lon, lat) }));
  const mine = (one) => (community && one.community === community ? 0 : 1);
  return found.sort((a, b) => mine(a) - mine(b) || a.distanceM - b.distanceM);
}

export const postKind = (one) => (has(`card_post_${one.kind}`) ? say(`card_post_${one.kind}`) : one.kind);

export const postText = (one) => (one.name ? `${one.name} · ${postKind(one)}` : `${postKind(one)} ${one.id}`);

export const postLine = (one) => `${postText(one)} · ${metres(one.distanceM)}`;
