"""What each measure is called, in which unit, and where its best lies."""

from typing import NamedTuple

ARROWS = {"lower": "↓", "higher": "↑", "zero": "→ 0", "one": "→ 1"}


class Measure(NamedTuple):
    """How a measure is shown.

    Attributes:
        title: For the head of a column.
        unit: "dB", "s/Mpixel", or empty.
        better: One of `ARROWS`.
        digits: Behind the point.
        sense: What it says, in a few words.
    """

    title: str
    unit: str
    better: str
    digits: int
    sense: str

    @property
    def head(self) -> str:
        """Title, unit and the better direction, such as "rmse, dB ↓"."""
        unit = f", {self.unit}" if self.unit else ""
        return f"{self.title}{unit} {ARROWS[self.better]}"

    def loss(self, value: float) -> float:
        """Returns a number that is lower the better the value is; NaN stays NaN."""
        return {
            "lower": value,
            "higher": -value,
            "zero": abs(value),
            "one": abs(value - 1),
        }[self.better]


CLASSES = ("darkest", "dark", "bright", "brightest")  # Quarters of the pixels.

# Of one image, with a reference; then without; then of the canonical scenes.
MEASURES = {
    "rmse": Measure("rmse", "dB", "lower", 3, "Root mean square error in dB."),
    "bias": Measure(
        "bias",
        "dB",
        "zero",
        3,
        "Mean error in dB; a calibrated estimator has + rmse² / 8.7.",
    ),
    "sum_ratio": Measure(
        "sum", "dB", "zero", 3, "Sum of the estimate over the reference's: calibration."
    ),
    "psnr_amplitude": Measure(
        "PSNR amp.",
        "dB",
        "higher",
        2,
        "Of the amplitude; the peak is the reference's largest.",
    ),
    "ssim_amplitude": Measure(
        "SSIM amp.",
        "",
        "higher",
        4,
        "Of the amplitude, 7 x 7; the range is the reference's largest amplitude.",
    ),
    "psnr_decibel": Measure(
        "PSNR of dB", "dB", "higher", 2, "Of the image in dB, with a range of 50 dB."
    ),
    "ssim_decibel": Measure(
        "SSIM of dB", "", "higher", 4, "Of the image in dB, 7 x 7, range 50 dB."
    ),
    "psnr_contrastive": Measure(
        "PSNR Fang",
        "dB",
        "higher",
        2,
        "In the convention of Fang et al., ISPRS 2024, scaled twice.",
    ),
    "ssim_contrastive": Measure(
        "SSIM Fang", "", "higher", 4, "In the same convention, 7 x 7, range 1."
    ),
    "psnr_contrastive_once": Measure(
        "PSNR Fang, once",
        "dB",
        "higher",
        2,
        "The same without its second scaling: comparable with nothing above.",
    ),
    "ssim_contrastive_once": Measure(
        "SSIM Fang, once", "", "higher", 4, "The same without its second scaling."
    ),
    "gain": Measure(
        "gain",
        "dB",
        "higher",
        2,
        "Square error of the intensity, noisy over despeckled.",
    ),
    "edge_preservation": Measure(
        "EPI", "", "higher", 3, "Correlation of the amplitudes' Laplacians, up to 1."
    ),
    **{
        f"bias_{name}": Measure(
            f"bias {name}",
            "dB",
            "zero",
            3,
            f"Ratio of the sums over the {name} quarter of the pixels.",
        )
        for name in CLASSES
    },
    "flat_mean": Measure(
        "flat mean",
        "dB",
        "zero",
        3,
        "Mean over the reference's in homogeneous windows; its variance is in the ENL.",
    ),
    "enl": Measure(
        "ENL", "", "higher", 1, "Equivalent number of looks of homogeneous windows."
    ),
    "ratio_mean": Measure(
        "ratio mean", "", "one", 3, "Noisy over despeckled, homogeneous windows."
    ),
    "ratio_looks": Measure(
        "ratio variance x looks",
        "",
        "one",
        3,
        "Variance of the ratio image there, over that of speckle.",
    ),
    "sum_over_noisy": Measure(
        "sum over noisy", "dB", "zero", 3, "Ratio of the sums, despeckled over noisy."
    ),
    "m_index": Measure(
        "M", "%", "lower", 2, "Gomez et al. 2017: what the ratio image is off speckle."
    ),
    "excess_correlation": Measure(
        "excess corr.",
        "",
        "lower",
        4,
        "Autocorrelation of the ratio image beyond the speckle's own, rms.",
    ),
    "peak_error": Measure(
        "point", "dB", "zero", 2, "Power of the point over the reference's."
    ),
    "near_contrast_error": Measure(
        "C_NN error",
        "dB",
        "zero",
        2,
        "Point over its 8 neighbours, less the reference's.",
    ),
    "ground_contrast_error": Measure(
        "C_BG error", "dB", "zero", 2, "Point over the clutter, less the reference's."
    ),
    "edge_smearing": Measure(
        "edge smearing",
        "pixels",
        "lower",
        3,
        "Squared difference of the profiles across the edge over the squared step.",
    ),
    "figure_of_merit": Measure(
        "FOM", "", "higher", 3, "Pratt's figure of merit of the edges found, up to 1."
    ),
    "line_contrast_error": Measure(
        "C_DR error",
        "dB",
        "zero",
        2,
        "Double reflection line over open ground, less the reference's.",
    ),
    "building_smearing": Measure(
        "building smearing", "dB", "lower", 3, "Rms difference of the range profiles."
    ),
    "variation_error": Measure(
        "C_x error",
        "",
        "zero",
        3,
        "Coefficient of variation less the reference's: texture that is kept.",
    ),
    "s_per_mpixel": Measure(
        "time",
        "s/Mpixel",
        "lower",
        2,
        "Of one image after another, first one left out.",
    ),
}
