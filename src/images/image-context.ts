// What an image of strategies is built from: the text of its Dockerfile, the files beside it, and the hash of both.
import { canonicalJson, sha256Hex } from '../core/hash.ts';
import type { ContextFile, StrategyFolder } from './strategy-folder.ts';

/** Says in an image which context it was built from. */
export const CONTEXT_LABEL = 'io.gridmill.strategies';
/** Where the image keeps strategies, and the list of them. */
export const IMAGE_FOLDER = '/strategies';
export const INDEX_NAME = 'strategies.gridmill.json';

export interface BaseImages {
  /** With Gridmill inside: a name or `sha256:…`. */
  readonly base: string;
  /** With npm inside, for packages of strategies. */
  readonly npm: string;
  /** The id of the base where it is known: a name may stand for another image tomorrow. */
  readonly baseId?: string | undefined;
}

export interface ImageContext {
  readonly dockerfile: string;
  /** All that lies beside the Dockerfile, by name. */
  readonly files: readonly ContextFile[];
  /** Whether building it needs the registry of packages. */
  readonly hasPackages: boolean;
  /** SHA-256 over names and contents of all of it, and over the base. */
  readonly hash: string;
}

export function imageContext({ strategies, files, packages }: StrategyFolder, images: BaseImages): ImageContext {
  const index = new TextEncoder().encode(`${canonicalJson({ strategies: strategies.map((one) => ({ ...one })) })}\n`);
  const beside = [
    { name: INDEX_NAME, content: index },
    ...files,
    ...packages.filter(({ name }) => !files.some((file) => file.name === name)),
  ]
    .map(({ name, content }) => ({ name: `strategies/${name}`, content }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const hasPackages = packages.length > 0;
  const body = stages(images, hasPackages);
  const hash = sha256Hex(
    `base ${images.baseId ?? images.base}\n`,
    `Dockerfile ${body.length}\n${body}`,
    ...beside.flatMap(({ name, content }) => [`${name} ${content.length}\n`, content]),
  );
  const dockerfile = `${body}LABEL ${CONTEXT_LABEL}="${hash}"\n`;
  return { dockerfile, files: beside, hasPackages, hash };
}

const PACKAGE_STAGE = `
WORKDIR ${IMAGE_FOLDER}
COPY strategies/package.json strategies/package-lock.json ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,required=false \\
    --mount=type=secret,id=ca,target=/run/secrets/ca.crt,required=false \\
    if [ -s /run/secrets/ca.crt ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca.crt; fi; \\
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error && mkdir -p node_modules
`;

/** Strategies are loaded once more inside, with the packages of the lockfile: an image whose strategies do not load is never made. */
function stages({ base, npm }: BaseImages, hasPackages: boolean): string {
  return [
    '# Strategies on a Gridmill image, as "gridmill image" builds them.',
    ...(hasPackages ? [`FROM ${npm} AS packages${PACKAGE_STAGE}`] : []),
    `FROM ${base} AS checked`,
    `COPY strategies ${IMAGE_FOLDER}`,
    ...(hasPackages ? [`COPY --from=packages ${IMAGE_FOLDER}/node_modules ${IMAGE_FOLDER}/node_modules`] : []),
    `RUN ["node", "/app/bin/gridmill.mjs", "image", "${IMAGE_FOLDER}", "--check"]`,
    '',
    `FROM ${base}`,
    `COPY --from=checked ${IMAGE_FOLDER} ${IMAGE_FOLDER}`,
    `ENV GRIDMILL_IMAGE_STRATEGIES=${IMAGE_FOLDER}`,
    '',
  ].join('\n');
}
