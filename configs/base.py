"""The base weights that come with pgd2jax: trained on a GPU; and all defaults."""

import ml_collections


def get_config() -> ml_collections.ConfigDict:
    c = ml_collections.ConfigDict()
    c.seed = 0
    c.init_from = ""  # Weights to begin with: a run's folder or a name, such as medium.
    c.profile = False  # Trace a few steps into the run's folder.

    c.data = ml_collections.ConfigDict()  # Keyword arguments of data.create.
    c.data.source = "endless"  # Or another of data.SOURCES.
    c.data.mix = ""  # Several, with weights, instead: "near_real=1, endless=3".
    c.data.data_dir = "data"  # Of TFDS; endless needs none.
    c.data.files = ""  # SLC images for slc and merlin: "a.tif,b.tif".
    c.data.tiles = 128  # To cut from them, at most.
    c.data.batch_size = 32  # Over all devices.
    c.data.crop = 128  # Pixels, square; divides by the network's stride, 32.
    c.data.crops_per_tile = 1
    c.data.white = 0.4  # Part of the drawn examples with independent samples.

    c.augment = ml_collections.ConfigDict()  # Keyword arguments of pairs.augment.
    c.augment.phase_dropout = 0.2  # Part of the examples that lose their phase.
    c.augment.level_jitter = 10.0  # dB: a crop's level is not its scene's.
    c.augment.looks_jitter = 0.25  # Of the log of the looks: users estimate them.

    c.model = ml_collections.ConfigDict()  # Keyword arguments of PGD2Net.
    c.model.features = 64
    c.model.estimate_depth = 4
    c.model.denoise_depth = (1, 2, 2)
    c.model.sub_looks = 16
    c.model.sub_look_size = 4
    c.model.phase_as = "whitened"  # Or another of pgd2net.PHASE_AS.
    c.model.heads = 4
    c.model.window = 8
    c.model.exchange = "windows"  # Of models.exchange.

    c.loss = ml_collections.ConfigDict()  # Weights, keywords of combined_loss.
    c.loss.clean = 0.0  # Robust, but pulls the mean down.
    c.loss.likely = 2.0
    c.loss.speckle = 0.3
    c.loss.structure = 0.1

    c.optimiser = ml_collections.ConfigDict()  # Keyword arguments of state.optimiser.
    c.optimiser.muon = True  # For the kernels; else AdamW for all.
    c.optimiser.learning_rate = 1.5e-3
    c.optimiser.warmup_steps = 500
    c.optimiser.weight_decay = 1e-4
    c.optimiser.clip = 1.0

    c.train = ml_collections.ConfigDict()
    c.train.num_steps = 49_777  # Eight minutes on an H200.
    c.train.log_every = 50  # Steps.
    c.train.checkpoint_every = 2_000  # Steps; each is validated.
    c.train.eval_tiles = 64  # Validation tiles of 256 x 256.
    c.train.average_decay = 0.999  # Of the averaged weights, which are used.
    c.train.accumulate = 1  # Parts of a batch, one after the other: less memory.
    c.train.remat = False  # Compute activations again: less memory, more time.
    c.train.max_skipped = 20  # Steps in a row, not finite, that end the run.
    c.train.tracker = ""  # Or wandb or mlflow, if installed.
    c.train.dtype = "auto"  # bfloat16 on GPU and TPU, float32 on a CPU.

    c.evaluation = (
        ml_collections.ConfigDict()
    )  # Of the best weights, when training is done.
    c.evaluation.tiles = 16  # Of the test split; 0 for none.
    c.evaluation.methods = ("noisy", "boxcar", "lee", "frost", "pgd2net")
    return c
