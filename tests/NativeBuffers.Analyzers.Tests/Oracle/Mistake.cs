namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>The mistakes that a run of a program may show.</summary>
internal enum MistakeKind
{
    /// <summary>An owner is lost before it was disposed.</summary>
    Leak,

    /// <summary>A member of an owner that was disposed, moved or taken over.</summary>
    UseAfterEnd,

    DoubleDispose,

    /// <summary>A use of a span, a reference or an enumerator whose memory moved or was freed.</summary>
    EndedView,

    /// <summary>A scoped owner has a second variable, or the compiler made a copy that a member then changed.</summary>
    Copy,

    /// <summary>A variable whose other copy was resized.</summary>
    StaleCopy,

    /// <summary>A view of a heap owner that is lost: the collector may free the memory during the use.</summary>
    NotKept,
}

/// <summary>A mistake of one run.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Owner">The kind of the owner.</param>
/// <param name="At">The statement at which a rule reports it.</param>
/// <param name="IsFirst">True if the run showed no mistake with this owner or view before: a rule must report it.</param>
internal sealed record Mistake(MistakeKind Kind, OwnerKind Owner, Statement At, bool IsFirst);

/// <summary>All that the runs of a program showed.</summary>
/// <param name="Mistakes">The mistakes of all runs.</param>
/// <param name="Doubts">Statements that touched an owner after a mistake with it: rules may say anything there.</param>
/// <param name="IsWhole">False if there were too many runs to see all.</param>
internal sealed record Findings(IReadOnlyList<Mistake> Mistakes, IReadOnlySet<Statement> Doubts, bool IsWhole);
