// Copyright: (c) 2026, the winops.sessions authors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

/// <summary>.NET calls it in each PowerShell of a simulated host, before Main ("host-startup-hook.md" of dotnet/runtime).</summary>
internal static class StartupHook
{
    /// <summary>Lets Ansible's Add-CSharpType find <see cref="WinHost.CompileOnce"/> under the name of the compiler.</summary>
    public static void Initialize()
    {
        var accelerators = typeof(PSObject).Assembly.GetType("System.Management.Automation.TypeAccelerators");
        // typeof(CSharpCompilation).FullName would load the compiler.
        var name = "Microsoft.CodeAnalysis.CSharp.CSharpCompilation";
        accelerators.GetMethod("Add").Invoke(null, new object[] { name, typeof(WinHost.CompileOnce) });
    }
}

namespace WinHost
{
    /// <summary>
    /// Compiles C# as <see cref="CSharpCompilation"/> does, and reads the assembly from a file if the same sources have
    /// been compiled before: the compiler takes half of the time of a module.
    /// </summary>
    public sealed class CompileOnce
    {
        private const string Code = "code.dll";
        private const string Symbols = "symbols.pdb";

        private static readonly string Folder = Path.GetDirectoryName(typeof(CompileOnce).Assembly.Location);

        // An assembly can be loaded only once; a second compilation has another name.
        private static readonly HashSet<string> Emitted = new HashSet<string>();

        private readonly IEnumerable<SyntaxTree> _sources;
        private readonly IEnumerable<MetadataReference> _references;
        private readonly CSharpCompilationOptions _options;
        private readonly string _name;

        private CompileOnce(string name, IEnumerable<SyntaxTree> sources, IEnumerable<MetadataReference> references, CSharpCompilationOptions options)
        {
            _name = name;
            _sources = sources;
            _references = references;
            _options = options;
        }

        /// <summary>See <see cref="CSharpCompilation.Create"/>.</summary>
        public static CompileOnce Create(string name, IEnumerable<SyntaxTree> sources, IEnumerable<MetadataReference> references, CSharpCompilationOptions options)
        {
            return new CompileOnce(name, sources, references, options);
        }

        /// <summary>See <see cref="Compilation.Emit(Stream, Stream, Stream, Stream, IEnumerable{ResourceDescription}, EmitOptions, System.Threading.CancellationToken)"/>.</summary>
        /// <returns>An EmitResult, or an object with its property Success.</returns>
        public object Emit(Stream code, Stream symbols = null, Stream documentation = null, Stream win32 = null, IEnumerable<ResourceDescription> resources = null, EmitOptions options = null)
        {
            string kept = Path.Combine(Folder, Key(symbols != null, options));
            bool first;
            lock (Emitted)
            {
                first = Emitted.Add(kept);
            }

            if (first && Directory.Exists(kept))
            {
                code.Write(File.ReadAllBytes(Path.Combine(kept, Code)));
                if (symbols != null)
                {
                    symbols.Write(File.ReadAllBytes(Path.Combine(kept, Symbols)));
                }

                return new { Success = true };
            }

            var result = CSharpCompilation.Create(_name, _sources, _references, _options)
                .Emit(code, symbols, documentation, win32, resources, options);
            if (first && result.Success)
            {
                Keep(kept, (MemoryStream)code, (MemoryStream)symbols);
            }

            return result;
        }

        /// <summary>Keeps code and symbols of one compilation. They depend on the order of the sources, the key does not.</summary>
        private static void Keep(string folder, MemoryStream code, MemoryStream symbols)
        {
            string draft = folder + Guid.NewGuid();
            try
            {
                Directory.CreateDirectory(draft);
                File.WriteAllBytes(Path.Combine(draft, Code), code.ToArray());
                if (symbols != null)
                {
                    File.WriteAllBytes(Path.Combine(draft, Symbols), symbols.ToArray());
                }

                Directory.Move(draft, folder);
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException)
            {
                // Another process has kept its own, or nothing can be written there.
                if (Directory.Exists(draft))
                {
                    Directory.Delete(draft, true);
                }
            }
        }

        /// <summary>A hash of all that the assembly depends on. The order of the sources is not a part of it.</summary>
        private string Key(bool symbols, EmitOptions options)
        {
            var parts = new List<object>
            {
                typeof(CSharpCompilation).Module.ModuleVersionId,
                typeof(PSObject).Module.ModuleVersionId,
                _options.OptimizationLevel,
                _options.GeneralDiagnosticOption,
                _options.AllowUnsafe,
                symbols,
                options == null ? 0 : options.DebugInformationFormat,
            };
            parts.AddRange(_options.SpecificDiagnosticOptions.Select(rule => rule.ToString()).Order(StringComparer.Ordinal));
            parts.AddRange(_references.Select(reference => reference.Display));
            parts.AddRange(_sources.Select(Content).Order(StringComparer.Ordinal));
            byte[] text = Encoding.UTF8.GetBytes(string.Join("\0", parts));
            return Convert.ToHexString(SHA256.HashData(text)).Substring(0, 32);
        }

        private static string Content(SyntaxTree source)
        {
            return string.Join(" ", source.Options.PreprocessorSymbolNames) + "\0" + source;
        }
    }
}
