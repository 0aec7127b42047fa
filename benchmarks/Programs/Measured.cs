namespace Programs;

/// <summary>The time and the memory of one run of a variant.</summary>
/// <param name="Milliseconds">Of the run alone, without the start of the process and without the input.</param>
/// <param name="PeakBytes">The highest resident memory of the process.</param>
/// <param name="InputPeakBytes">The highest resident memory before the run began.</param>
/// <param name="Collections">Garbage collections during the run.</param>
/// <param name="PauseMilliseconds">The time for which collections stopped the run.</param>
/// <param name="Answer">The answer of the program.</param>
internal sealed record Measured(
    double Milliseconds, long PeakBytes, long InputPeakBytes, int Collections, double PauseMilliseconds, string Answer);
