using Microsoft.CodeAnalysis;

namespace NativeBuffers.Analyzers.Tests.Oracle;

/// <summary>When the rules agree with the interpreter about a program.</summary>
/// <remarks>
/// <para>The meaning of each statement is in <c>docs/rules/README.md</c>.</para>
/// <para><b>Missed</b>: a run shows a mistake, the run's first with that owner or view, and no rule for that kind of mistake reports the
/// statement. A loss is a mistake of the statement that created the owner. Every other mistake is one of the statement where it happens.</para>
/// <para><b>False</b>: a rule reports a statement, and no run shows a mistake of a kind of this rule there. After a mistake with an owner, a run
/// says nothing about the statements that touch the same owner: the rules may report them or not. The same holds after a method got an
/// owner by <c>ref</c> that had ended. After a call in a <c>try</c> threw, only a loss and a copy are mistakes: the exception may never
/// come. A loss may be reported or not if the exception leaves the method.</para>
/// <para>A rule may be an error or a warning. Both count the same.</para>
/// </remarks>
internal static class Agreement
{
    /// <summary>The rules of the oracle. Other rules must say nothing about its programs.</summary>
    public static IEnumerable<string> RulesFor(MistakeKind kind, OwnerKind owner) => (kind, owner) switch
    {
        (MistakeKind.Leak, _) => ["NB0001"],
        (MistakeKind.UseAfterEnd, OwnerKind.Pooled) => ["NB0002", "NB0006"],
        (MistakeKind.UseAfterEnd, OwnerKind.Scope or OwnerKind.Borrow) => ["NB0002", "NB0004"],
        (MistakeKind.UseAfterEnd, _) => ["NB0002"],
        (MistakeKind.DoubleDispose, OwnerKind.Pooled) => ["NB0003", "NB0006"],
        (MistakeKind.DoubleDispose, _) => ["NB0003"],
        (MistakeKind.EndedView, OwnerKind.Pooled) => ["NB0004", "NB0006"],
        (MistakeKind.EndedView, _) => ["NB0004"],
        (MistakeKind.Copy, _) => ["NB0005"],
        (MistakeKind.NotKept, _) => ["NB0009"],
        _ => ["NB0002", "NB0004", "NB0005"],
    };

    /// <summary>The differences, each in words.</summary>
    public static Verdict Compare(Findings findings, IReadOnlyDictionary<Statement, int> lines, IReadOnlyList<(int Line, string Id)> reports)
    {
        HashSet<(int Line, string Id)> reported = [.. reports];
        HashSet<(int, string)> allowed =
        [
            .. from mistake in findings.Mistakes
               from id in RulesFor(mistake.Kind, mistake.Owner)
               select (lines[mistake.At], id),
        ];
        HashSet<int> doubts = [.. findings.Doubts.Select(doubt => lines[doubt])];
        Mistake[] required = [.. findings.Mistakes.Where(static mistake => mistake.IsFirst).DistinctBy(static mistake => (mistake.Kind, mistake.At))];
        string[] missed =
        [
            .. from mistake in required
               where !RulesFor(mistake.Kind, mistake.Owner).Any(id => reported.Contains((lines[mistake.At], id)))
               select $"missed: line {lines[mistake.At]}: {mistake.Kind}",
        ];
        (int Line, string Id)[] unknown = [.. reported.Where(report => !allowed.Contains(report)).Order()];
        string[] wrong = [.. unknown.Where(report => !doubts.Contains(report.Line)).Select(static report => $"false: line {report.Line}: {report.Id}")];
        return new Verdict(required.Length, missed, wrong, unknown.Length - wrong.Length);
    }
}

/// <summary>The difference between the rules and the interpreter about one program.</summary>
/// <param name="Required">The mistakes that the rules must report.</param>
/// <param name="Missed">Those that they do not report.</param>
/// <param name="False">Reports without a mistake.</param>
/// <param name="Unjudged">Reports after a mistake with the same owner.</param>
internal sealed record Verdict(int Required, IReadOnlyList<string> Missed, IReadOnlyList<string> False, int Unjudged)
{
    public bool Agrees => Missed.Count == 0 && False.Count == 0;
}
