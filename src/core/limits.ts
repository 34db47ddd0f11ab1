// Every bound of the engine by name. A limit is tested at its value and one beyond it.

export const LIMITS = {
  /** Candles in one series. 64 Mi bars are about 127 years of 1-minute candles. */
  barsMax: 67_108_864,
  /** Points of a grid before the constraint. */
  gridPointsMax: 1_000_000_000,
  /** Values of one parameter axis. */
  axisValuesMax: 1_000_000,
  /** Parameters of one strategy. */
  parametersMax: 32,
  /** Ranked rows kept (`--top`). */
  topMax: 10_000,
  /** Variants on a Pareto front (several objectives). */
  paretoFrontMax: 10_000,
  /** Base variants kept from stage A (`--preselect`). */
  preselectMax: 1_000_000,
  /** Cells of one sweep over many: markets times windows. */
  cellsMax: 1_000,
  /** Bytes of the values that a sweep over many cells holds of the variants it is at. */
  partBytesMax: 268_435_456,
  /** Bytes of one input file, after decompression. */
  inputBytesMax: 4_294_967_296,
  /** Bytes of one text line of an input file. */
  lineBytesMax: 65_536,
  /** Bytes of one strategy file with what it imports. */
  strategyBytesMax: 8_388_608,
  /** Files in the folder of strategies that requests may name. */
  strategyFilesMax: 1_000,
  /** Bytes of one controller configuration. */
  controllerBytesMax: 1_048_576,
  /** Bytes of one list of instruments. */
  instrumentBytesMax: 67_108_864,
  /** Instruments of one exchange. */
  instrumentsMax: 65_536,
  /** Characters of the key of an object in a shared place. */
  objectKeyMax: 512,
  /** Bytes of one object in a shared place; S3 takes 5 GiB in one piece. */
  objectBytesMax: 4_294_967_296,
  /** Bytes of one object that is put in one piece, and of each piece of a larger one; S3 takes at least 5 MiB. */
  objectPartBytes: 67_108_864,
  /** Bytes of a shared place that a machine keeps for the next run. */
  contentCacheBytesMax: 10_737_418_240,
  /** Milliseconds that a machine keeps the folder of a run at which it does not work. */
  runFolderMsMax: 1_209_600_000,
  /** Bytes of one manifest of shards. */
  manifestBytesMax: 268_435_456,
  /** Pieces, blocks of variants in a cell each, that a cut sweep over many cells consists of. */
  piecesMax: 1_000_000,
  /** Bytes of values that all shards of a sweep over many cells hand in. */
  handedInBytesMax: 68_719_476_736,
  /** Objects of a shared place that a merge reads at once, and predicted bytes of values that it reads ahead. */
  mergeReadsMax: 16,
  mergeAheadBytesMax: 67_108_864,
  /** Characters of a table of prices. */
  pricesBytesMax: 1_048_576,
  /** Files of one strategy that goes to other machines. */
  shardFilesMax: 10_000,
  /** Entries of a folder of strategies that goes into an image, packages left out. */
  imageFolderEntriesMax: 10_000,
  /** Bytes of all files that go into an image of strategies. */
  imageContextBytesMax: 1_073_741_824,
  /** Milliseconds that building or pushing an image may take. */
  imageStepMsMax: 1_800_000,
  /** Times that a driver starts one task of a cluster. */
  shardAttemptsMax: 5,
  /** Times that an interrupted task asks its scheduler for another attempt. */
  shardRequeuesMax: 20,
  /** Calls for one operation on a shared place, the first one included. */
  objectAttemptsMax: 5,
  /** Tasks of one array job of AWS Batch. */
  batchArrayMax: 10_000,
  /** Bytes of one submission to AWS Batch, and of one job definition. */
  batchPayloadBytesMax: 30_720,
  batchDefinitionBytesMax: 24_576,
  /** Characters that say which tasks an array of AWS Batch holds; more tasks make another array. */
  batchIndexCharsMax: 16_384,
  /** Jobs that one job of AWS Batch waits for. */
  batchDependenciesMax: 20,
  /** Submissions of one run to AWS Batch, over all times it was started. */
  batchSubmissionsMax: 1_000,
  /** Active revisions of one job definition that are looked at. */
  batchRevisionsMax: 1_000,
  /** Milliseconds that a change of a stack is followed. */
  stackChangeMsMax: 3_600_000,
  /** Revisions of one job definition that are made inactive with their stack. */
  revisionsMax: 10_000,
  /** Events of one change that are read. */
  stackEventsMax: 10_000,
  /** Calls for one request to AWS, the first one included. */
  awsAttemptsMax: 5,
  /** Bytes of one downloaded file. */
  downloadBytesMax: 1_073_741_824,
  /** Bytes of downloads kept for later ones; the oldest go first. */
  downloadCacheBytesMax: 10_737_418_240,
  /** Bytes of one model file. */
  modelBytesMax: 268_435_456,
  /** Bytes of all models in memory at once, unless configured (`--model-memory`). */
  modelMemoryBytes: 500_000_000,
  /** Trees of one model. */
  modelTreesMax: 100_000,
  /** Leaves of one tree. */
  modelLeavesMax: 131_072,
  /** Features of one model. */
  modelFeaturesMax: 4_096,
  /** Classes, or trees per iteration, of one model. */
  modelClassesMax: 1_024,
  /** Milliseconds that a model stays in memory after its last use. */
  modelIdleMsMax: 30_000,
  /** Milliseconds an ONNX model may take to load, or for one block of rows. */
  modelRunMsMax: 60_000,
  /** Bars of one fitting window. */
  fitWindowMax: 1_000_000,
  /** Milliseconds from a request to the first byte of its answer. */
  firstByteMsMax: 10_000,
  /** Milliseconds without a byte, or without a message of a download process, after the first. */
  downloadIdleMsMax: 60_000,
  /** Tries of one download. */
  downloadAttemptsMax: 3,
  /** Redirects followed by one download. */
  redirectsMax: 3,
  /** Bytes of the candle store on disk, unless configured. */
  storeBytesMax: 53_687_091_200,
  /** Files in one backup of the store, and bytes of their list. */
  backupFilesMax: 200_000,
  backupListBytesMax: 67_108_864,
  /** Series in the candle mirror, earlier snapshots that are in use among them. */
  mirrorEntriesMax: 4_096,
  /** Milliseconds between two looks of the mirror at the store, at least. */
  mirrorPollMsMin: 100,
  /** Results kept in the result store. */
  resultsMax: 10_000,
  /** Best rows of each of two results that are held side by side. */
  comparedRowsMax: 1_000,
  /** Variants kept under a name. */
  variantsMax: 1_000,
  /** Characters of the note of one. */
  variantNoteMax: 500,
  /** Sweeps whose predicted and actual cost is remembered; the oldest are forgotten. */
  costRecordsMax: 1_000,
  /** Indicator columns and conditions kept in memory at once. */
  columnEntriesMax: 65_536,
  /** Bytes of finished columns and conditions that one scoring thread keeps, whatever the budget. */
  columnBytesMax: 2_147_483_648,
  /** Bytes of the fast engine's one memory: what 32-bit addresses reach. */
  kernelBytesMax: 4_294_967_296,
  /** Threads of one pool (`--workers`). */
  workersMax: 256,
  /** Milliseconds a thread may take for one variant, or to start, before it counts as hung. */
  workerSilenceMsMax: 60_000,
  /** Megabytes of JavaScript heap of one thread. Columns and candles lie outside the heap and do not count. */
  workerHeapMbMax: 1024,
  /** Bytes of one message from a process that runs a strategy. */
  memberMessageBytesMax: 268_435_456,
  /** Messages from it per message to it. */
  memberMessagesMax: 10_000,
  /** Points of a grid whose constraint a fenced process is asked about. */
  fencedPointsMax: 16_777_216,
  /** … and points of a grid for which it is asked what a bar strategy declares; beyond, at its edges only. */
  fencedInitsMax: 4096,
  /** Remarks of scoring threads about a strategy, passed on to the user. */
  remarksMax: 16,
  /** Characters of one of them. */
  remarkLengthMax: 500,
  /** Trials of one study. */
  studyTrialsMax: 1_000_000,
  /** Trials of a study asked for before the first of them is known, where none depends on results. */
  studyAheadMax: 16_384,
  /** Trials of a study asked for before results are waited for, where they depend on them (`--lag`). */
  studyLagMax: 16_384,
  /** Draws for one trial until one is new and satisfies the constraint. */
  studyTriesMax: 10_000,
  /** Bytes of the trial log of one study. */
  studyLogBytesMax: 2_147_483_648,
  /** Milliseconds that a job waits for a study that another process or an ended attempt holds. */
  studyLockMsMax: 15_000,
  /** Studies kept in the store. */
  studiesMax: 1_000,
  /** Characters of one objective. */
  objectiveCharsMax: 500,
  /** Objectives of one study. */
  objectivesMax: 8,
  /** Processes in the register of those that run studies. */
  runningMax: 256,
  /** Orders of a bar strategy that wait at once, at the market and besides. */
  waitingOrdersMax: 10_000,
  /** Tags by which a bar strategy tells its positions apart. */
  positionTagsMax: 10_000,
  /** Executors of a bar strategy that are active at once. */
  activeExecutorsMax: 1_000,
  /** Trials of one batch. */
  batchTrialsMax: 4096,
  /** Trials handed to a turbo pool in one call. */
  runTrialsMax: 1_000_000,
  /** Calls that a turbo pool has in hand at once. */
  runsInHandMax: 1024,
  /** Setups open in a turbo pool at once. */
  setupsOpenMax: 1024,
  /** Setups that one worker of it holds at a time; the one used longest ago is sent again when it is needed. */
  workerSetupsMax: 8,
  /** Cells of one setup that one worker keeps ready at a time. */
  openCellsMax: 16,
  /** Runs after which a worker of a turbo pool is replaced by a fresh one, unless configured. */
  workerRunsMax: 20_000,
  /** Failures of trials that a turbo pool keeps for its status. */
  failuresKept: 100,
  /** Characters of the text of one failed trial. */
  failureTextMax: 2000,
  /** Characters of a symbol, exchange, strategy or result name. */
  nameLengthMax: 64,
  /** Jobs that wait in a queue, shards not counted. */
  queuedJobsMax: 10_000,
  /** Ended jobs that a queue keeps, shards not counted; older ones are forgotten. */
  endedJobsMax: 10_000,
  /** Attempts of one job: a job that took as many runners down is parked. */
  jobAttemptsMax: 3,
  /** Milliseconds of running time one job may ask for. */
  jobDeadlineMsMax: 2_592_000_000,
  /** Characters of an idempotency key. */
  jobKeyLengthMax: 200,
  /** Bytes of the JSON of a job's request, of its checkpoint, of its result. */
  jobRequestBytesMax: 1_048_576,
  jobCheckpointBytesMax: 16_777_216,
  jobResultBytesMax: 67_108_864,
  /** Jobs on one page of a listing. */
  jobPageMax: 1_000,
  /** Shards of one job. */
  shardsMax: 10_000,
  /** Jobs one runner runs at once. */
  runnerJobsMax: 256,
  /** Milliseconds a runner goes on trying to hand in an outcome while the queue does not answer. */
  settleMsMax: 60_000,
  /** Bytes that a service has resident before it computes anything. */
  serviceBytes: 100 * 1_048_576,
  /** Times in a row a runner replaces the thread that renews its leases. */
  leaseThreadStartsMax: 5,
  /** Milliseconds without a lease after which that thread ends, until there is one again. */
  leaseThreadIdleMs: 30_000,
} as const;
