using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NativeBuffers.Blocks;

namespace NativeBuffers.Tests.Models;

/// <summary>
/// The models are about the code that is: states, moves and the places that make them agree between the source, the table of
/// <c>CloseProtocol</c> and the models.
/// </summary>
public partial class ModelTieTests
{
    /// <summary>Moves that no model makes: one thread alone knows the slot then.</summary>
    private static readonly string[] s_leftOut = ["Scoped > next Scoped, store", "Scoped > Exclusive, store"];

    [Fact]
    public void The_models_have_the_states_of_a_slot()
    {
        string text = Repository.Read($"{Model.Folder}/slot.h");
        foreach (SlotState state in Enum.GetValues<SlotState>())
        {
            Assert.Contains($"\n#define {state} {(int)state}\n", text, StringComparison.Ordinal);
        }

        // The first lines of constants are the states, and end with an empty line.
        string states = text[text.IndexOf($"#define {default(SlotState)} 0\n", StringComparison.Ordinal)..].Split("\n\n")[0];
        Assert.Equal(Enum.GetValues<SlotState>().Length, states.Split('\n').Length);
    }

    [Fact]
    public void The_models_make_the_moves_of_the_table() =>
        AssertSame(Table(), Moves(Model.Text).Concat(s_leftOut), "the table of CloseProtocol", "the models");

    [Fact]
    public void The_source_makes_the_moves_of_the_table() =>
        AssertSame(Table(), Sites().SelectMany(static site => site.Moves), "the table of CloseProtocol", "moves.txt");

    [Fact]
    public void Every_place_that_moves_a_generation_is_listed() =>
        AssertSame(Places(), Sites().Select(static site => site.Place), "the source", "moves.txt");

    [Fact]
    public void Every_model_has_runs_and_mutations_that_its_text_has()
    {
        Assert.NotEmpty(Model.All);
        Assert.All(
            Model.All,
            static model =>
            {
                Assert.NotEmpty(model.Runs);
                Assert.NotEmpty(model.Mutations);
                Assert.All(
                    model.Runs.Concat(model.Mutations).SelectMany(static flags => flags),
                    static flag => Assert.Matches($@"#ifn?def {flag}\b|defined\({flag}\)", Model.Text));
            });
    }

    /// <summary>Both have the same lines, each as often.</summary>
    private static void AssertSame(IEnumerable<string> left, IEnumerable<string> right, string leftName, string rightName)
    {
        string[] lefts = [.. left];
        string[] rights = [.. right];
        string[] offences =
        [
            .. lefts.Except(rights).Select(line => $"not in {rightName}: {line}"),
            .. rights.Except(lefts).Select(line => $"not in {leftName}: {line}"),
            .. lefts.Intersect(rights)
                .Where(line => leftName == "the source" && lefts.Count(line.Equals) != rights.Count(line.Equals))
                .Select(static line => $"not as often: {line}"),
        ];
        Assert.True(offences.Length == 0, $"{string.Join('\n', offences)}\ntests/Models/README.md says where a new move belongs.");
    }

    /// <summary>The rows of the table in <c>CloseProtocol</c>, as single moves.</summary>
    private static IEnumerable<string> Table()
    {
        string[] lines =
        [
            .. Repository.Read("src/NativeBuffers/Blocks/Lifecycle/CloseProtocol.cs")
                .Split("<code>\n")[1].Split("</code>")[0].Split('\n')
                .Select(static line => line.Replace("///", "", StringComparison.Ordinal).Trim('\n')),
        ];
        int to = lines[0].IndexOf("to ", StringComparison.Ordinal);
        int thread = lines[0].IndexOf("thread", StringComparison.Ordinal);
        int by = lines[0].LastIndexOf("by", StringComparison.Ordinal);
        var rows = new List<(string From, string To, string By)>();
        foreach (string line in lines.Skip(1).Where(static line => line.Trim().Length > 0))
        {
            string cells = line.PadRight(by);
            if (cells[..to].Trim().Length == 0)
            {
                // The row goes on.
                rows[^1] = rows[^1] with { To = $"{rows[^1].To} {cells[to..thread].Trim()}" };
            }
            else
            {
                rows.Add((cells[..to].Trim(), cells[to..thread].Trim(), cells[by..].Trim()));
            }
        }

        return
            from row in rows
            from start in row.From.Split(", ")
            from end in Ends(row.To)
            select $"{start} > {end}, {(row.By.StartsWith("CAS", StringComparison.Ordinal) ? "cas" : "store")}";

        // "next Open, Biased" are two next generations.
        static IEnumerable<string> Ends(string to)
        {
            string next = to.StartsWith("next ", StringComparison.Ordinal) ? "next " : "";
            return to[next.Length..].Split(", ").Select(end => next + end);
        }
    }

    /// <summary>The moves that the models make.</summary>
    private static IEnumerable<string> Moves(string text) =>
        from line in text.Split('\n')
        where !line.StartsWith("#define", StringComparison.Ordinal)
        from Match move in Move().Matches(line)
        let kind = move.Groups[1].Value
        let to = move.Groups[3].Value
        let end = kind == "STORE" && to == "Scoped" ? "next Scoped" : to.Replace("Next", "next ", StringComparison.Ordinal)
        select $"{move.Groups[2].Value} > {end}, {(kind == "CAS" ? "cas" : "store")}";

    /// <summary>The list of places in the source, each with its moves.</summary>
    private static IEnumerable<(string Place, string[] Moves)> Sites() =>
        from line in Repository.Read($"{Model.Folder}/moves.txt").Split('\n')
        where line.Length > 0 && line[0] != '#'
        let parts = line.Split(" | ")
        select ($"{parts[0].Trim()}: {parts[1].Trim()}", parts[2].Trim().Split("; "));

    /// <summary>The places in the source that write the generation of a slot.</summary>
    private static IEnumerable<string> Places() =>
        from file in Repository.Source
        where file.Path.StartsWith("src/NativeBuffers/", StringComparison.Ordinal) && !file.Path.Contains("/Regions/", StringComparison.Ordinal)
        let name = Path.GetFileNameWithoutExtension(file.Path)
        where name != nameof(Slot)
        from node in file.Tree.DescendantNodes().OfType<ExpressionSyntax>()
        where node switch
        {
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax called } =>
                called.Name.Identifier.Text is nameof(Slot.TryMove) or nameof(Slot.WriteGeneration) && called.IsKind(SyntaxKind.PointerMemberAccessExpression),
            AssignmentExpressionSyntax { Left: MemberAccessExpressionSyntax left } =>
                Written().IsMatch(left.ToString()),
            _ => false,
        }
        select $"{name}: {Space().Replace(node.ToString(), " ")}";

    [GeneratedRegex(@"MOVE_(CAS|STORE)\(.*?, (\w+), (\w+)\)")]
    private static partial Regex Move();

    [GeneratedRegex(@"->Generation(\.Value)?$|\]\.Generation$")]
    private static partial Regex Written();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
