namespace NativeBuffers.Blocks.Stats;

/// <summary>What has been counted of loans, as far as no slot tells it: see <see cref="LoanLedger"/>.</summary>
internal struct LoanCounts
{
    /// <summary>Loans of blocks that have left their slots.</summary>
    public Row Settled;

    /// <summary>Loans whose blocks came from the depot.</summary>
    public Row FromDepot;

    /// <summary>Loans whose blocks came from the C library.</summary>
    public Row Fresh;

    /// <summary>A number for each class of <see cref="LoanClasses"/>.</summary>
    [InlineArray(LoanClasses.Count)]
    internal struct Row
    {
        private long _first;
    }
}
