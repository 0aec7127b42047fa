using System;
using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NativeBuffers.Analyzers.Flow;

namespace NativeBuffers.Analyzers.Rules;

/// <summary>The common parts of all rules: the category, and the form of their reports.</summary>
internal static class OwnershipRule
{
    /// <summary>A descriptor of this category. It has no link to its page: the source has no public address yet.</summary>
    public static DiagnosticDescriptor Describe(string id, string title, string message, DiagnosticSeverity severity, string description) =>
        new(id, title, message, "Ownership", severity, isEnabledByDefault: true, description);

    /// <summary>The diagnostic of a finding: at its place, with the places where the owner or view was taken, and where it ended.</summary>
    public static Diagnostic Report(Finding finding)
    {
        DiagnosticDescriptor rule = finding.Mistake switch
        {
            Mistake.NotDisposed => NotDisposed.Descriptor,
            Mistake.UsedAfterEnd => UsedAfterEnd.Descriptor,
            Mistake.DisposedTwice => DisposedTwice.Descriptor,
            Mistake.EndedView => EndedView.Descriptor,
            Mistake.Copied => Copied.Descriptor,
            Mistake.UsedAfterReturn => UsedAfterReturn.Descriptor,
            Mistake.NotKeptAlive => NotKeptAlive.Descriptor,
            _ => throw new InvalidOperationException($"No rule reports {finding.Mistake}."),
        };
        List<Location> places = [];
        foreach (SyntaxNode? place in new[] { finding.Taken, finding.EndedAt })
        {
            if (place is not null)
            {
                places.Add(place.GetLocation());
            }
        }

        bool isCertain = finding.IsCertain && finding.End is not (EndKind.Grown or EndKind.Replaced);
        DiagnosticSeverity severity = isCertain || finding.Mistake == Mistake.Copied ? rule.DefaultSeverity : DiagnosticSeverity.Warning;
        string paths = finding.IsCertain ? string.Empty : " on some path";
        string ended = finding.Mistake == Mistake.EndedView ? Ended(finding.End) : Words(finding);
        return Diagnostic.Create(rule, finding.Place.GetLocation(), severity, places, properties: null, finding.Name, paths, ended);
    }

    private static string Words(Finding finding) => finding.Mistake == Mistake.Copied
        ? finding.End switch
        {
            EndKind.None when finding.Place.Parent is ArgumentSyntax =>
                "the method would own the memory, too; use Move, pass by reference, or mark the parameter with [BorrowsOwnership]",
            EndKind.None => "both copies would own the memory; use Move, or a reference",
            _ => "the using statement disposes the copy, and the variable is changed in it; write 'using var' with Move",
        }
        : finding.End switch
        {
            EndKind.Moved => "moved",
            EndKind.Given => "given away",
            _ => "disposed",
        };

    private static string Ended(EndKind end) => end switch
    {
        EndKind.Moved => "was moved",
        EndKind.Given => "was given away",
        EndKind.Resized => "was resized",
        EndKind.Grown => "may have moved its elements",
        EndKind.Replaced => "was passed by reference, and may have changed",
        _ => "was disposed",
    };
}
